"""Port and types of replays: the history in the message store for one subscriber."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class ReplayStep:
    """The result of one step of a replay."""

    requeued: int
    """How many events the step has put into the outbox."""
    finished: bool


class Replays(Protocol):
    """Replays of the history, one at a time for each subscriber, whose position is stored.

    The events go to the subscriber's queue alone. Those that the subscriber has an inbox row or a
    dead letter of, or that wait in the outbox, are skipped.
    """

    async def begin(
        self, subscriber: str, types: Collection[str], *, since: datetime | None, inbox: float
    ) -> None:
        """Begin with events of these subscribed types, recorded from ``since`` up to now.

        ``inbox`` is for how many seconds the subscriber keeps its inbox rows. Raises ReplayRefused
        if there are older events of a type that is subscribed for longer than that: they may have
        taken effect, and nothing tells so. An unfinished replay is replaced.
        """

    async def remaining(self, subscriber: str) -> int | None:
        """Return how many events are still to be put into the outbox; None without a replay."""
        ...

    async def step(self, subscriber: str, *, limit: int, most: int) -> ReplayStep:
        """Put up to ``limit`` events into the outbox, the oldest first, and store the position.

        Fewer are put there if ``most`` rows of the subscriber would be exceeded.
        """
        ...
