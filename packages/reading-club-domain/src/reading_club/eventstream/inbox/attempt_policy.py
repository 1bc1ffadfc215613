"""The attempt limit and the growing pauses between attempts, counted in the database."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from reading_club.eventstream.inbox.delivery import Delivery
from reading_club.eventstream.ports.dead_letters import DeadLetterFilter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

GROWTH: Final = 4.0
LONGEST_PAUSE: Final = 3600.0


class Begun(NamedTuple):
    """An attempt that was counted, or the time until it may begin."""

    number: int
    wait: float
    """Seconds until the attempt may begin; 0 if it was counted."""


@dataclass(frozen=True)
class AttemptPolicy:
    """The attempt limit and the pauses; counts attempts in the caller's transaction."""

    limit: int
    """Attempts before a failing message becomes a dead letter; outages do not count."""
    first_pause: float
    """Seconds between the first two attempts of a message that may have killed its worker; each
    further pause is four times as long, up to an hour."""

    timer: Callable[[], float]

    def since_last(self, delivery: Delivery) -> float:
        """Return the seconds since the last attempt before this delivery; 0 if there was none."""
        return 0.0 if delivery.stalled_at is None else self.timer() - delivery.stalled_at

    def pause(self, number: int) -> float:
        """Return the seconds between the attempt with this number and the next one.

        0 before the first attempt. The last attempt may still run in another worker: the first
        pause passes before its message becomes a dead letter.
        """
        if not 0 < number < self.limit:
            return self.first_pause if number else 0.0
        return self.growing_pause(number - 1)

    def growing_pause(self, before: int) -> float:
        """Return the pause after ``before`` shorter ones: four times the last, up to an hour."""
        return min(self.first_pause * GROWTH**before, LONGEST_PAUSE)

    async def begin(
        self, delivery: Delivery, inbox_key: InboxKey, uow: StreamUnitOfWork
    ) -> Begun | None:
        """Count the attempt, or return how long it has to wait; None for a dead letter."""
        last = await uow.inbox.attempts(inbox_key)
        if await _is_dead_letter(inbox_key, uow):
            return None
        if delivery.stalled_at is None and last.age < inf:
            delivery.stalled_at = self.timer() - last.age
        pause = 0.0 if delivery.begun else self.pause(last.number)
        # Of two copies delivered together one is counted; at the first attempt both are handled.
        min_interval = self.first_pause if last.age == inf else pause
        number = await uow.inbox.count_attempt(inbox_key, min_interval=min_interval)
        if not pause or number > last.number:
            return Begun(number, 0.0)
        return Begun(number, pause - last.age if last.age < pause else pause)


async def _is_dead_letter(inbox_key: InboxKey, uow: StreamUnitOfWork) -> bool:
    wanted = DeadLetterFilter(subscriber=inbox_key.subscriber, message_id=inbox_key.message_id)
    return bool(await uow.dead_letters.page(wanted, limit=1))
