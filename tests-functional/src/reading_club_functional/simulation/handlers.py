"""The simulated domain: one event, and handlers that take effect, fail, kill or are slow."""

from typing import Any, Final
from uuid import UUID

from messagebus import Event, Metadata

from reading_club.eventstream.errors import StorageBusy
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import EventRegistry
from reading_club_functional.simulation.database import START, SimulatedUnitOfWork
from reading_club_functional.simulation.invariants import Invariants
from reading_club_functional.simulation.processes import CURRENT
from reading_club_functional.simulation.waiting import let_pass

ALWAYS: Final = 1_000_000
TIMES: Final = {"fails": ALWAYS, "fails twice": 2, "kills": ALWAYS, "kills once": 1, "slow": 30}


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

    def subscriber(self, name: str) -> Subscriber[Any, Any]:
        """Return a subscriber of this name."""
        subscriber = Subscriber[NumberDrawn, SimulatedUnitOfWork](name)

        async def handle(event: NumberDrawn, uow: SimulatedUnitOfWork) -> None:
            inbox_key = InboxKey(name, event.message_id)
            await let_pass(uow.simulated.loop)
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
        if behaviour == "slow":
            self._invariants.tries[inbox_key] += 1
            raise StorageBusy("the statement took too long")
        if behaviour.startswith("fails"):
            self._invariants.tries[inbox_key] += 1
            self._invariants.errors[inbox_key] += 1
            raise ValueError("this event cannot be handled")
        CURRENT.get().crash()
        await uow.simulated.loop.create_future()  # for ever: the process is dead
