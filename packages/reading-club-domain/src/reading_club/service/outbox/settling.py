"""After a window: every row is deleted, kept back, made a dead letter, or given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from reading_club.service.outbox.port import Key, Outbox, Outgoing, Published

LONGEST_PAUSE: Final = 3600.0
"""Seconds between two attempts at an event that is refused for reasons of its own."""


@dataclass(frozen=True)
class Settlement:
    """Decides what becomes of the events of a window."""

    attempts: int = 10
    """How often an event may be refused for reasons of its own before it is a dead letter."""
    first_pause: float = 1.0

    async def settle(
        self,
        outbox: Outbox,
        token: UUID,
        events: Sequence[Outgoing],
        published: Published,
        *,
        pause: float = 0.0,
    ) -> None:
        """Finish the rows of a window, those that were confirmed first. An outage counts nothing.

        What an outage has left undecided is kept back for ``pause`` seconds: the next probe is
        another event, in case that this one is what the broker cannot take.
        Raises StorageUnavailable: what is not finished is sent again when the lease is over.
        """
        if published.confirmed:
            await outbox.delete(token, published.confirmed)
        for event in events:
            reason = published.failed.get(event.key)
            if reason is not None:
                await self._refused(outbox, token, event, reason)
        undecided = [e.key for e in events if not _is_decided(e.key, published)]
        if undecided:
            await outbox.release(token, undecided, retry_in=pause)

    async def _refused(self, outbox: Outbox, token: UUID, event: Outgoing, reason: str) -> None:
        if event.attempts + 1 >= self.attempts:
            await outbox.bury(token, {event.key: reason})
            return
        pause = min(self.first_pause * 2.0**event.attempts, LONGEST_PAUSE)
        await outbox.fail(token, {event.key: reason}, retry_in=pause)


def _is_decided(key: Key, published: Published) -> bool:
    return key in published.confirmed or key in published.failed
