"""The scenarios: how many processes, events and faults a run has, and what its handlers do."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

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
)
"""The faults of a run, each as likely as the next entry."""


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
    ``slow`` means that the database is busy for long, ``large`` that the broker refuses it."""
    rolled_back: float = 0.0


SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {
        "smallest": Scenario(transactions=1),
        "small": Scenario(transactions=2, relays=2, workers=2),
        "large": Scenario(
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
                ("large", 0.02),
            ),
            rolled_back=0.2,
        ),
    }
)
