"""Where a relay's claims begin: at the oldest row, as long as looking there costs little.

While a transaction is held open, PostgreSQL keeps the index entries of all rows that were deleted
since it began, and a claim that begins at the oldest row walks over each of them, every time.
"""

import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Final
from uuid import UUID

from reading_club.eventstream.ports.outbox import OLDEST, OutboxMessage

SLOW: Final = 0.02
"""Seconds: a claim from the oldest row that takes longer is not repeated at once."""
SHARE: Final = 20
"""The pause between two slow claims from the oldest row, as a multiple of the seconds of one."""
IN_FLIGHT: Final = 5.0
"""Seconds for which a message may have an id, and not yet be committed."""


class ClaimStart:
    """Remembers up to where rows were claimed, and when the oldest ones are to be looked at again.

    Older rows become due later: a transaction commits late, a lease runs out, a pause ends. A claim
    from the oldest row finds them. If that was slow, other claims begin where the last one ended,
    so that at most a twentieth of the time is spent with walking. ``timer`` returns monotonic
    seconds, ``wall`` those since 1970, which the ids of messages (UUIDv7) begin with.
    """

    def __init__(
        self,
        timer: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._timer, self._wall = timer, wall
        self._oldest_at = -inf
        self._next = OLDEST
        self.has_skipped = False
        """Whether older rows may be left, as the last claim found nothing and did not look."""

    def begin(self) -> tuple[UUID, float]:
        """Return the id at which the claim that begins now has to begin, and the time."""
        now = self._timer()
        return (OLDEST if now >= self._oldest_at else self._next), now

    def end(self, since: UUID, began: float, claimed: Sequence[OutboxMessage], limit: int) -> None:
        """Note what a claim has found that began at ``since`` and at that time."""
        now = self._timer()
        if since == OLDEST:
            seconds = now - began
            self._oldest_at = now + SHARE * seconds if seconds > SLOW else -inf
        if len(claimed) == limit:
            self._next = claimed[-1].key.message_id
        else:
            self._next = first_id_at(self._wall() - (now - began) - IN_FLIGHT)
        self.has_skipped = not claimed and since != OLDEST

    def look_at_the_oldest(self) -> None:
        """Let the next claim begin at the oldest row."""
        self._oldest_at, self.has_skipped = -inf, False


def first_id_at(seconds: float) -> UUID:
    """Return the first UUIDv7 of a time, in seconds since 1970; OLDEST for one before."""
    milliseconds = max(0, int(seconds * 1000))
    return UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62)) if milliseconds else OLDEST
