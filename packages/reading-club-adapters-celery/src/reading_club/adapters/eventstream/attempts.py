"""How attempts are counted, how far apart they are, and when a message has had all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from reading_club.adapters.eventstream.delivery import Delivery
from reading_club.service.dead_letters import LetterFilter
from reading_club.service.inbox import Receipt
from reading_club.service.uow import AbstractUnitOfWork

GROWTH: Final = 4.0
LONGEST_PAUSE: Final = 3600.0


class Begun(NamedTuple):
    """An attempt that was counted, or has to wait."""

    number: int
    wait: float
    """Seconds until it may begin; 0 for one that was counted."""


@dataclass(frozen=True)
class AttemptPolicy:
    """Counts attempts in the transaction that it is given."""

    limit: int
    """How often a message is tried that fails for reasons of its own."""
    first_pause: float
    """Seconds between the first two attempts of a message that may have killed its worker; each
    further pause is four times as long, up to an hour."""

    timer: Callable[[], float]

    def since_last(self, delivery: Delivery) -> float:
        """Return the seconds since the last attempt before this delivery; 0 for a first one."""
        return 0.0 if delivery.stalled_at is None else self.timer() - delivery.stalled_at

    def pause(self, number: int) -> float:
        """Return the seconds between the attempt with this number and the next one.

        The last one may be under way still: what is left of its message is given up soon, but not
        at once.
        """
        if not 0 < number < self.limit:
            return self.first_pause if number else 0.0
        return self.growing_pause(number - 1)

    def growing_pause(self, before: int) -> float:
        """Return a pause after so many others."""
        return min(self.first_pause * GROWTH**before, LONGEST_PAUSE)

    async def begin(
        self, delivery: Delivery, receipt: Receipt, uow: AbstractUnitOfWork
    ) -> Begun | None:
        """Count the attempt before it begins, unless it is too early; None for a dead letter."""
        last = await uow.inbox.attempts(receipt)
        if await _is_dead_letter(receipt, uow):
            return None
        if delivery.stalled_at is None and last.age < inf:
            delivery.stalled_at = self.timer() - last.age
        pause = 0.0 if delivery.begun else self.pause(last.number)
        # Of two copies that come together, one is counted; the first time both are tried.
        apart = self.first_pause if last.age == inf else pause
        number = await uow.inbox.count_attempt(receipt, apart=apart)
        if not pause or number > last.number:
            return Begun(number, 0.0)
        return Begun(number, pause - last.age if last.age < pause else pause)


async def _is_dead_letter(receipt: Receipt, uow: AbstractUnitOfWork) -> bool:
    wanted = LetterFilter(subscriber=receipt.subscriber, message_id=receipt.message_id)
    return bool(await uow.dead_letters.page(wanted, limit=1))
