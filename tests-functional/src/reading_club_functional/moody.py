"""The command ``reading-club`` with faulty handlers: ``python -m …moody worker …``.

The environment variable MOODY selects the fault of the handler of BookRegistered, for books whose
title begins with MOODY_FOR:

- ``fails``: the handler raises;
- ``dies``: the handler ends its process by SIGKILL;
- ``waits``: the handler creates the file MOODY_FILE and waits until the file is deleted;
- ``missing``: the subscriber has no such handler, as in an older release, for all books.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from reading_club.app.cli import main
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork
from reading_club_functional.polling import eventually

MODULE = __name__ if __name__ != "__main__" else "reading_club_functional.moody"


def behave(subscriber: Subscriber[Any], mood: str, prefix: str) -> None:
    """Give the subscriber's handler this fault, for titles that begin with `prefix`."""
    kind = BookRegistered
    handler = subscriber._handlers.pop(kind)  # noqa: SLF001  # replaced below
    if mood == "missing":
        return

    @subscriber.on(kind)
    async def moody(event: BookRegistered, uow: AbstractUnitOfWork) -> None:
        await handler(event, uow)
        if event.title.startswith(prefix):
            await _misbehave(mood)


async def _misbehave(mood: str) -> None:
    if mood == "fails":
        raise ZeroDivisionError("the handler fails")
    if mood == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.to_thread(_wait, Path(os.environ["MOODY_FILE"]))


def _wait(told: Path) -> None:
    told.touch()
    eventually(lambda: not told.exists(), within=120)


if __name__ == "__main__":
    for each in SUBSCRIBERS:
        behave(each, os.environ["MOODY"], os.environ.get("MOODY_FOR", ""))
    main()
