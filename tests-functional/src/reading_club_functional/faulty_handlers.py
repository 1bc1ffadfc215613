"""The command ``reading-club`` with faulty handlers: ``python -m …faulty_handlers worker …``.

The environment variable HANDLER_FAULT selects the fault of the handler of BookRegistered, for
books whose title begins with HANDLER_FAULT_TITLE:

- ``fails``: the handler raises;
- ``dies``: the handler ends its process by SIGKILL;
- ``waits``: the handler creates the file HANDLER_FAULT_FILE and waits until the file is deleted;
- ``missing``: the subscriber has no such handler, as in an older release, for all books.
"""

import asyncio
import os
import signal
from pathlib import Path

from reading_club.app.cli import main
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork
from reading_club_functional.polling import eventually

MODULE = __name__ if __name__ != "__main__" else "reading_club_functional.faulty_handlers"


def inject(fault: str, subscriber: Subscriber, prefix: str) -> None:
    """Give the subscriber's handler this fault, for titles that begin with `prefix`."""
    kind = BookRegistered
    handler = subscriber._handlers.pop(kind)  # noqa: SLF001  # replaced below
    if fault == "missing":
        return

    @subscriber.on(kind)
    async def faulty(event: BookRegistered, uow: AbstractUnitOfWork) -> None:
        await handler(event, uow)
        if event.title.startswith(prefix):
            await _apply(fault)


async def _apply(fault: str) -> None:
    if fault == "fails":
        raise ZeroDivisionError("the handler fails")
    if fault == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.to_thread(_wait, Path(os.environ["HANDLER_FAULT_FILE"]))


def _wait(marker: Path) -> None:
    marker.touch()
    eventually(lambda: not marker.exists(), within=120)


if __name__ == "__main__":
    for each in SUBSCRIBERS:
        inject(os.environ["HANDLER_FAULT"], each, os.environ.get("HANDLER_FAULT_TITLE", ""))
    main()
