"""The port of the failures: each attempt to handle a message that failed, with its error."""

from typing import Protocol

from reading_club.eventstream.ports.inbox import InboxKey


class Failures(Protocol):
    """The failed attempts of all subscribers. They are kept as long as inbox rows are.

    Of a redacted message an error is its class, also one that is recorded later.
    """

    async def record(self, inbox_key: InboxKey, number: int, error: str) -> None:
        """Record that the attempt with this number failed, at the time of the database's clock."""

    async def record_lost(self, inbox_key: InboxKey, number: int, error: str) -> None:
        """Record an attempt that was counted and never ended, unless its failure is recorded."""
