"""The guards of the protocol, as switches of the model, and the invariants that they keep."""

from dataclasses import dataclass, fields, replace
from typing import Final, NamedTuple

NO_GHOST: Final = "no ghost"
"""A message, an inbox row or an effect is one of a committed event."""
KEPT: Final = "nothing is lost but by the broker"
"""A committed event has a row, a copy on the queue or in a consumer's hands, an inbox row or a
dead letter, unless the broker has lost a copy after its confirm."""
ONCE: Final = "effect at most once"
STALE: Final = "a stale token changes nothing"
ALONE: Final = "a lease excludes others"
"""No claim takes a row from a process that works on it before its lease is over."""
EARNED: Final = "dead letters only after counted attempts"
"""An event is given up after as many attempts as the limit says, none of them ended by an outage,
and not when it was handled."""
BOUNDED: Final = "crashes are counted"
"""A suspected message is handled no more often than the limit says if each handling crashes."""
DELIVERED: Final = "a path leads to all delivered"
"""From each reachable state: every committed event has its effect, or is a dead letter."""


class Size(NamedTuple):
    """How many of each there are, how many faults may happen, and the limit of attempts.

    ``copies`` is the most copies of an event that the queue has at a time; 0 for any number.
    """

    events: int = 1
    relays: int = 2
    consumers: int = 1
    faults: int = 2
    limit: int = 1
    copies: int = 0


@dataclass(frozen=True)
class Guards:
    """Which guards are in place."""

    row_in_transaction: bool = True
    hand_over_after_commit: bool = True
    lease_excludes: bool = True
    lease_ends: bool = True
    token_checked: bool = True
    confirm_awaited: bool = True
    mandatory: bool = True
    inbox_checked: bool = True
    inbox_in_transaction: bool = True
    second_waits: bool = True
    acknowledge_after_effect: bool = True
    suspected_counted_first: bool = True
    outage_uncounted: bool = True
    outage_taken_back: bool = True
    relay_outage_uncounted: bool = True
    letter_after_inbox: bool = True
    reconciler: bool = True


SOUND: Final = Guards()


@dataclass(frozen=True)
class Removal:
    """A guard to be removed: what it is in words, and the invariant that is broken without it."""

    guard: str
    words: str
    invariant: str
    consumers: int = 1
    faults: int = 2

    @property
    def guards(self) -> Guards:
        """All guards but this one."""
        return replace(SOUND, **{self.guard: False})

    def size_of(self, size: Size) -> Size:
        """Return the size of the model that shows what the guard is for."""
        return size._replace(consumers=self.consumers, faults=self.faults)


REMOVALS: Final = (
    Removal("row_in_transaction", "the outbox row is in the event's transaction", NO_GHOST),
    Removal("hand_over_after_commit", "the sender gets an event after its commit", NO_GHOST),
    Removal("lease_excludes", "a claim takes no row whose lease lasts", ALONE),
    Removal("lease_ends", "the lease of who died runs out", DELIVERED),
    Removal("token_checked", "a finishing write checks the token of the lease", STALE),
    Removal("confirm_awaited", "a row is deleted after the broker's confirm", KEPT),
    Removal("mandatory", "a message that finds no queue is not confirmed", KEPT),
    Removal("inbox_checked", "an event with an inbox row is skipped", ONCE),
    Removal("inbox_in_transaction", "the inbox row is in the effect's transaction", DELIVERED),
    Removal("second_waits", "of two that handle an event one waits or fails", ONCE, consumers=2),
    Removal("acknowledge_after_effect", "a message is acknowledged after its effect", KEPT),
    Removal("suspected_counted_first", "a suspected attempt is counted first", BOUNDED, faults=3),
    Removal("outage_uncounted", "an outage counts no attempt of a consumer", EARNED),
    Removal("outage_taken_back", "a counted attempt is taken back in an outage", EARNED),
    Removal("relay_outage_uncounted", "an outage counts no attempt of a relay", EARNED),
    Removal("letter_after_inbox", "what has an inbox row is given up no more", EARNED),
    Removal("reconciler", "the reconciler sends what the broker has lost", DELIVERED),
)

if {removal.guard for removal in REMOVALS} != {field.name for field in fields(Guards)}:
    raise AssertionError("each guard is removed once")
