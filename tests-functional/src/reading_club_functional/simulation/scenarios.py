"""The scenarios: how many processes, events and faults a run has, and what its handlers do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from reading_club.adapters.eventstream.worker.batching import LARGEST_BATCH

ATTEMPTS: Final = 3
"""The limit of attempts in the simulated workers."""
HOLD: Final = 20.0
"""The longest time for which a simulated worker holds a message, in seconds."""
FAULTS: Final = (
    "crash",
    "crash",
    "crash",
    "broker away",
    "database away",
    "queue purged",
    "queue deleted",
    "queue full",
    "connection lost",
    "message repeated",
    "subscriber paused",
)
"""The faults of a run, each as likely as the next entry."""
STOPS: Final = (*("worker stopped",) * 4, *("subscriber paused",) * 4, "database away")
"""Further faults of the scenario in which workers give back what they have not begun."""


@dataclass(frozen=True)
class Scenario:
    """The size of a run. The tape decides what happens in it."""

    transactions: int
    webs: int = 1
    relays: int = 1
    subscribers: tuple[str, ...] = ("activity",)
    workers: int = 1
    """Of each subscriber."""
    faults: int = 0
    kinds: tuple[str, ...] = FAULTS
    poison: tuple[tuple[str, float], ...] = ()
    """The probability of each behaviour of a handler: ``fails`` or ``kills`` always or some times,
    ``slow`` means that the database is busy for long, ``too slow`` for ever, ``away`` that what it
    needs is away for long, ``large`` that the broker refuses the event."""
    rolled_back: float = 0.0
    older: float = 0.0
    """The probability that a worker that starts is of an older release, without the handler."""
    busy: float = 0.01
    """The probability that a statement finds a lock."""
    lost_answers: float = 0.01
    """The probability that the answer of a commit is lost."""
    hold: float = HOLD
    hold_busy: float = 5.0
    """The longest times for which a worker holds a message, in seconds."""
    largest_batch: int = LARGEST_BATCH
    """The most messages of a batch; a full one begins without a rest."""
    with_pauses: bool = False
    """Whether workers ask if their subscriber is paused."""


LARGE: Final = Scenario(
    transactions=8,
    webs=2,
    relays=2,
    subscribers=("activity", "catalogue"),
    workers=2,
    faults=10,
    poison=(
        ("fails", 0.04),
        ("fails twice", 0.06),
        ("kills", 0.03),
        ("kills once", 0.05),
        ("slow", 0.02),
        ("too slow", 0.01),
        ("away", 0.01),
        ("large", 0.02),
    ),
    rolled_back=0.2,
    with_pauses=True,
)

SEEDED: Final = ("large", "older", "stopped", "outages", "batches")
"""The scenarios that are run with seeds; the others are searched."""
ADAPTERS: Final = "adapters"
"""No world, but tapes of calls of the ports: the adapters in memory and on SQLite do the same."""

SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {
        "smallest": Scenario(transactions=1),
        "small": Scenario(transactions=2, relays=2, workers=2),
        "large": LARGE,
        "older": replace(LARGE, older=0.2),
        "outages": replace(
            LARGE,
            kinds=(*FAULTS, *("database away",) * 5),
            busy=0.05,
            lost_answers=0.1,
            hold=3.0,
            hold_busy=1.0,
        ),
        "batches": replace(LARGE, largest_batch=2),
        "stopped": replace(LARGE, transactions=12, kinds=(*FAULTS, *STOPS)),
    }
)
