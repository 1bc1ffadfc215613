"""How long handled messages are kept, in days."""

from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400.0
"""Seconds."""


@dataclass(frozen=True)
class Retention:
    """Days to keep rows, from their insertion; None keeps them for ever.

    Inbox rows and messages of events in the outbox are kept in any case.
    """

    inbox: float = 30.0
    """Of inbox rows, which must outlive every redelivery of their messages: a later one would take
    effect a second time. Longer than the horizon of the reconciler."""
    messages: float | None = None
    """Of the history. What is deleted is not sent again by the reconciler, or by a replay."""
    dead_letters: float | None = None
    """Of dead letters. One that expires counts as discarded: the subscriber never gets it."""
