"""The simulated domain: one event, and handlers that take effect, fail, kill or are slow."""

from typing import Any, Final
from uuid import UUID

from messagebus import Event, Metadata

from reading_club.eventstream.errors import StorageBusy, StorageUnavailable
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import EventRegistry
from reading_club_functional.simulation.database import (
    START,
    SimulatedDatabase,
    SimulatedUnitOfWork,
)
from reading_club_functional.simulation.invariants import Invariants
from reading_club_functional.simulation.processes import CURRENT
from reading_club_functional.simulation.waiting import let_pass

ALWAYS: Final = 1_000_000
TIMES: Final = {
    "fails": ALWAYS,
    "fails twice": 2,
    "kills": ALWAYS,
    "kills once": 1,
    "slow": 30,
    "too slow": ALWAYS,
    "away": 100,
}
"""How often a handler does what its behaviour is called; ``away`` is what the handler needs."""
BESIDE_OTHERS: Final = ("slow", "too slow", "away")
"""Behaviours of which it matters that other events are handled meanwhile."""


DRAWN = Metadata(name="number_drawn", schema_version=1, published=True)


class NumberDrawn(Event):
    """A number was drawn: the only event of the simulated domain."""

    number: int
    metadata: Metadata = DRAWN


EVENTS: Final = EventRegistry([NumberDrawn])


def numbered_event(number: int) -> NumberDrawn:
    """Return the event whose id is this number."""
    fields = {"message_id": UUID(int=number), "created_at": START, "number": number}
    return NumberDrawn.model_validate(fields)


class Handlers:
    """What the handlers do with each event: ``behaviour`` names it, anything else takes effect."""

    def __init__(self, invariants: Invariants) -> None:
        self._invariants = invariants
        self.behaviour: dict[InboxKey, str] = {}
        self._done: dict[InboxKey, int] = {}

    @property
    def needs_others(self) -> bool:
        """Whether an event is or will be handled whose outcome depends on others."""
        return any(each in BESIDE_OTHERS for each in self.behaviour.values())

    def waits_for_others(self, database: SimulatedDatabase) -> bool:
        """Whether such an event is neither handled, nor given up, nor rolled back."""
        return any(
            behaviour in BESIDE_OTHERS
            and key not in database.inbox
            and (key.subscriber, key.message_id) not in database.dead_letters
            and key.message_id not in self._invariants.rolled_back
            for key, behaviour in self.behaviour.items()
        )

    def subscriber(self, name: str) -> Subscriber[Any, Any]:
        """Return a subscriber of this name."""
        subscriber = Subscriber[NumberDrawn, SimulatedUnitOfWork](name)

        async def handle(event: NumberDrawn, uow: SimulatedUnitOfWork) -> None:
            inbox_key = InboxKey(name, event.message_id)
            await let_pass(uow.simulated.loop)
            self._invariants.handling(inbox_key)
            await self._misbehave(inbox_key, uow)
            await uow.effects.add(inbox_key)

        subscriber.on(NumberDrawn)(handle)
        return subscriber

    async def _misbehave(self, inbox_key: InboxKey, uow: SimulatedUnitOfWork) -> None:
        behaviour = self.behaviour.get(inbox_key, "")
        done = self._done.get(inbox_key, 0)
        if done >= TIMES.get(behaviour, 0):
            return
        self._done[inbox_key] = done + 1
        if behaviour in BESIDE_OTHERS:
            self._invariants.attempts.failed(inbox_key)
        if behaviour == "away":
            raise StorageUnavailable("what the handler needs is away")
        if behaviour in BESIDE_OTHERS:
            self._invariants.tries[inbox_key] += 1
            raise StorageBusy("the statement took too long")
        if behaviour.startswith("fails"):
            self._invariants.tries[inbox_key] += 1
            self._invariants.errors[inbox_key] += 1
            raise ValueError("this event cannot be handled")
        CURRENT.get().crash()
        await uow.simulated.loop.create_future()  # for ever: the process is dead
