"""How long handled messages are kept, in days."""

from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400.0
"""Seconds."""


@dataclass(frozen=True)
class Retention:
    """Days to keep rows, from their insertion; None keeps them for ever.

    Inbox rows must outlive every redelivery of their messages: a later one would take effect a
    second time. Inbox rows and messages of events in the outbox are kept in any case.
    """

    inbox: float = 30.0
    messages: float | None = None
    dead_letters: float | None = None
