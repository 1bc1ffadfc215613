"""The command ``reading-club`` whose worker prints the times of each event it handles.

``python -m …timed_worker worker --subscriber NAME``: see ``stage_times.print_consumed``. The times
are taken around the worker's own methods, and printed when the message is acknowledged.
"""

import time
from collections.abc import Sequence
from typing import Any, Final
from unittest.mock import patch

from kombu import Message

from reading_club.adapters.eventstream.worker.batching import ARRIVED
from reading_club.app.cli import main
from reading_club.eventstream.inbox.processor import InboxProcessor
from reading_club_functional.bench.stage_times import print_consumed

MODULE: Final = "reading_club_functional.bench.timed_worker"


def install() -> None:
    """Take the times of all events that this process handles."""
    committed: dict[str, float] = {}
    process_batch, ack = InboxProcessor.process_batch, Message.ack_log_error

    async def timed_batch(self: InboxProcessor, messages: Sequence[Any], *args: Any) -> None:
        await process_batch(self, messages, *args)
        now = time.monotonic()
        committed.update((message["id"], now) for message in messages)

    def timed_ack(self: Any, *args: Any, **options: Any) -> None:
        ack(self, *args, **options)
        now, id_ = time.monotonic(), self.payload[1]["message"]["id"]
        print_consumed(id_, self.headers[ARRIVED], committed.pop(id_), now)

    patch.object(InboxProcessor, "process_batch", timed_batch).start()
    patch.object(Message, "ack_log_error", timed_ack).start()


if __name__ == "__main__":
    install()
    main()
