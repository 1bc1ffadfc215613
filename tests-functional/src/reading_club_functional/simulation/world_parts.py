"""The parts of a simulated world that its processes use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from reading_club.eventstream.subscriber import Subscriber
from reading_club_functional.simulation.broker import SimulatedBroker
from reading_club_functional.simulation.consumer import SimulatedConsumer
from reading_club_functional.simulation.database import SimulatedDatabase
from reading_club_functional.simulation.handlers import Handlers
from reading_club_functional.simulation.invariants import Invariants
from reading_club_functional.simulation.processes import Process
from reading_club_functional.simulation.scenarios import Scenario
from reading_club_functional.simulation.seeded_loop import SeededLoop

MOST_OTHERS: Final = 300
"""The most events that are committed because another one waits for others."""


@dataclass
class WorldParts:
    """Loop, servers and checks of one run."""

    scenario: Scenario
    loop: SeededLoop
    invariants: Invariants
    handlers: Handlers
    database: SimulatedDatabase
    broker: SimulatedBroker
    subscribers: Sequence[Subscriber[Any, Any]]
    others: Iterator[int]
    """Numbers of further events, which are committed while an event waits for others."""
    older: list[Process] = field(default_factory=list)
    """Workers of an older release; each of them ends with the faults."""
    consumers: dict[str, SimulatedConsumer] = field(default_factory=dict)
    """The latest consumer of each worker."""


def build_parts(scenario: Scenario, loop: SeededLoop) -> WorldParts:
    """Return an empty world, in which all subscribers are subscribed."""
    invariants = Invariants(loop, scenario.subscribers)
    handlers = Handlers(invariants)
    database = SimulatedDatabase(scenario, loop, invariants)
    broker = SimulatedBroker(loop, invariants, scenario.subscribers)
    invariants.database, invariants.broker = database, broker
    subscribers = [handlers.subscriber(name) for name in scenario.subscribers]
    for subscriber in subscribers:
        for type_ in subscriber.types:
            database.subscriptions[subscriber.name, type_] = database.clock()
    others = iter(range(scenario.transactions + 1, scenario.transactions + 1 + MOST_OTHERS))
    return WorldParts(scenario, loop, invariants, handlers, database, broker, subscribers, others)
