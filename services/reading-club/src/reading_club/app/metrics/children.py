"""The ports of the metrics of child processes, which follow each other."""

from collections.abc import Mapping, Sequence
from typing import Final

from reading_club.app.settings import ConfigurationError, Settings
from reading_club.service.subscribers import SUBSCRIBERS

VARIABLE: Final = "READING_CLUB_METRICS_PORT"
LARGEST: Final = 65535

WORKERS: Final = tuple(f"worker {subscriber.name}" for subscriber in SUBSCRIBERS)
CLUB: Final = ("web", "relay", *WORKERS)
"""The processes of a club, in the order of their ports."""


def environments(settings: Settings, names: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Return the environment of each child by its name: the port, the next one, and so on.

    The environments are empty if metrics are off. Raises ConfigurationError for a last port that
    does not exist.
    """
    first = settings.metrics_port
    if first is None:
        return {name: {} for name in names}
    if first + len(names) - 1 > LARGEST:
        raise ConfigurationError(
            f"{VARIABLE} is too high: {len(names)} processes take a port each, up to {LARGEST}"
        )
    return {name: {VARIABLE: str(first + number)} for number, name in enumerate(names)}
