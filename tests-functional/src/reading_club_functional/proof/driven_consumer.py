"""A worker's production code for one message at a time, driven from step to step."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.errors import StorageUnavailable, TransientFailure, WriteConflict
from reading_club.eventstream.inbox import attempt_policy, processor
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory
from reading_club.eventstream.wire import EventRegistry
from reading_club.testing.clock import ManualClock
from reading_club_functional.proof.stepping import Point, Stepped, reach

EVENTS: Final = EventRegistry([BookRegistered])
_SAID: Final = {
    "commit the effect": "effect",
    "fail to handle": "failure",
    "meet an outage": "outage",
    "put off": "put off",
}
"""What the driver says at the point before a step; nothing at most of them."""


@cache
def subscriber() -> Subscriber[Any, Any]:
    """The one subscriber, whose handler has the outcome that the driver says."""
    counting = Subscriber[Any, Any]("counting")

    @counting.on(BookRegistered)
    async def count(event: BookRegistered, uow: Any) -> None:
        said = await reach(Point("handle"))
        if said == "failure":
            raise ValueError("a failure of its own")
        if said == "outage":
            raise StorageUnavailable("away")
        key = event.message_id
        uow.session.write(
            lambda tables: tables.effects.update({key: tables.effects.get(key, 0) + 1})
        )

    return counting


class DrivenConsumer:
    """The processor of one worker with the message in its hands, as ``EventTask`` calls it.

    ``pausing`` makes units of work that are a point before each transaction.
    """

    def __init__(
        self,
        limit: int,
        clock: ManualClock,
        pausing: UnitOfWorkFactory,
        make_uow: UnitOfWorkFactory,
    ) -> None:
        self._pausing, self._make_uow = pausing, make_uow
        policy = attempt_policy.AttemptPolicy(limit, 0.0, clock.seconds)
        self._processor = processor.InboxProcessor(subscriber(), EVENTS, policy, clock.now)
        self.message: Mapping[str, Any] | None = None
        self.delivery: attempt_policy.Delivery | None = None
        self.working: Stepped | None = None
        self.disconnected = False

    def deliver(self, message: Mapping[str, Any], *, suspected: bool) -> None:
        """Take a message, up to its first transaction."""
        self.message, self.disconnected = message, False
        self.delivery = attempt_policy.Delivery(message, suspected)
        self.working = Stepped(self._work(self.delivery))

    def take(self, action: str) -> Mapping[str, Any] | None:
        """Take a step; return the message if the broker will deliver it again."""
        assert self.working
        message, ended = self.message, False
        if action == "lose the connection of a consumer":
            self.disconnected = True
            return message
        if action == "crash of a consumer":
            self.working.crash()
            ended = not self.disconnected
        else:
            self.working.go_on(_SAID.get(action))
        if self.working.point is None:
            self.message = self.delivery = self.working = None
        return message if ended else None

    async def _work(self, delivery: attempt_policy.Delivery) -> None:
        while not await self._attempt(delivery):
            pass
        await reach(Point("acknowledge"))

    async def _attempt(self, delivery: attempt_policy.Delivery) -> bool:
        """Try once, and put the message off if the driver says so after an outage."""
        try:
            return await self._processor.attempt(delivery, self._pausing)
        except WriteConflict:
            return False
        except TransientFailure as exc:
            if await reach(Point("wait")) == "put off":
                return await self._processor.defer(delivery, exc, self._make_uow)
            return False
