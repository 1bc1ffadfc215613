"""The invariants of attempts: each is counted once and recorded, and begins after its pause."""

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from reading_club.adapters.memory.rows import Count
from reading_club.eventstream.inbox.attempt_policy import NOT_ENDED
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club_functional.simulation.deferrals import DeferralInvariants
from reading_club_functional.simulation.processes import CURRENT, Process
from reading_club_functional.simulation.scenarios import ATTEMPTS, HOLD

if TYPE_CHECKING:
    from reading_club_functional.simulation.delivered import Delivered, Received
    from reading_club_functional.simulation.invariants import Invariants

PAUSES: Final = (0.0, 1.0, 4.0, 1.0)
"""Seconds from the attempt with this number to the next one of another process. After the last
attempt the first pause passes before the message is given up."""
HELD: Final = HOLD + 100.0
"""Seconds after its first failure from which a message is held too long, whatever the delays."""


class AttemptInvariants:
    """Follows the counted attempts, and which process has counted and begun them.

    A process that goes on with its own attempts needs no pause before the next one; what another
    process counts is judged if its transaction has seen the count before.
    """

    def __init__(self, invariants: "Invariants") -> None:
        self._all = invariants
        self._known: dict[InboxKey, Count] = {}
        self._changed_at: dict[InboxKey, float] = {}
        self._counted_at: dict[InboxKey, float] = {}
        self._counters = defaultdict[InboxKey, set[Process]](set)
        self._unbegun: dict[InboxKey, tuple[Process, int]] = {}
        self._recorded = 0
        self._returned = set[InboxKey]()
        self.recorded_late = set[InboxKey]()
        """Messages that were delivered again before the stop that rolled them back was recorded."""
        self.deferrals = DeferralInvariants(invariants)
        self.latest_failed: Collection[tuple[InboxKey, int]] = ()
        """The failures that the latest transaction has recorded, with their numbers."""

    def committed(self, began: float, deferred: Collection[InboxKey]) -> None:
        """Check each attempt that a transaction has counted, which began at this virtual time.

        ``deferred`` are the messages that it has put off.
        """
        attempts, failures = self._all.database.attempts, self._all.database.failures
        new = [failures[number] for number in range(self._recorded, len(failures))]
        failed = {(each.inbox_key, each.number) for each in new if each.error != NOT_ENDED}
        for key, _ in failed:
            self._counters[key].add(CURRENT.get())
        self._recorded = len(failures)
        self._returned |= self._all.database.returned.keys()
        for key, count in attempts.items():
            before = self._known.get(key) or Count(0, count.at)
            if count.number > before.number:
                if (key, count.number) in failed:
                    self._unbegun.pop(key, None)
                else:
                    self._begun(key, before, count, began)
                self._counters[key].add(CURRENT.get())
            if count != self._known.get(key):
                self._changed_at[key] = self._all.loop.passed
                if count.number >= before.number:  # also a stall, which comes too close to count
                    self._counted_at[key] = self._all.loop.passed
        for key in self._known.keys() - attempts.keys():
            self._unbegun.pop(key, None)
        self._known = dict(attempts)
        self.latest_failed = failed
        self.deferrals.committed(failed, deferred, self._unbegun)

    def _begun(self, key: InboxKey, before: Count, count: Count, began: float) -> None:
        """Check an attempt that was counted before it begins."""
        process = CURRENT.get()
        is_begun = before.number > ATTEMPTS or self._unbegun.get(key) != (process, before.number)
        if self._is_alone(process, key) and not is_begun:
            detail = f"attempt {before.number} of {_name(key)} is counted twice"
            self._all.violated("an outage is not poison", detail)
        self._unbegun[key] = (process, count.number)
        is_seen = before.number and self._changed_at.get(key, began) < began
        if is_seen and process not in self._counters[key]:
            self._followed(key, before, count)

    def _is_alone(self, process: Process, key: InboxKey) -> bool:
        """Whether a message that is not done has one copy, delivered once to this process."""
        is_done = key in self._all.database.inbox
        held, number = self._all.broker.held_by(process, key), self._all.broker.number[key]
        return not is_done and len(held) == number == 1

    def _followed(self, key: InboxKey, before: Count, count: Count) -> None:
        """Check that a pause has passed since the attempt before, and that this one is recorded."""
        passed = (count.at - before.at).total_seconds()
        if passed < PAUSES[min(before.number, ATTEMPTS)]:
            detail = f"{passed:.2f} s are between attempts {before.number} and {count.number}"
            self._all.violated("attempts have pauses", f"{detail} of {_name(key)}")
        failures = self._all.database.failures.values()
        if not any((one.inbox_key, one.number) == (key, before.number) for one in failures):
            detail = f"attempt {before.number} of {_name(key)} is not recorded"
            self._all.violated("attempts are counted", detail)

    def handling(self, key: InboxKey) -> None:
        """Check that a suspected message was counted, and that it is not held for too long."""
        process, now = CURRENT.get(), self._all.loop.passed
        if (known := self._unbegun.get(key)) and known[0] is process:
            del self._unbegun[key]
        held = self._all.broker.held_by(process, key)
        since = min((each.at for each in held if all(e.suspected for e in held)), default=-1.0)
        # A returned copy clears the others of suspicion, as it has the same record; and so does
        # a worker that has lost its connection, whose copy is delivered again meanwhile.
        is_copied = self._all.broker.number[key] > 1 or key in self.recorded_late
        is_cleared = key in self._returned and is_copied
        if self._counted_at.get(key, -1.0) < since and not is_cleared:
            self._all.violated("attempts are counted", f"{_name(key)} is handled uncounted")
        for each in held:
            each.begun = True
        if any(now - each.failed_at > HELD for each in held):
            self._all.violated("a message is not held for long", _name(key))

    def given_back(self, message: "Delivered", received: "Received") -> None:
        """Check that a message is recorded before it is given back, when it had no attempt alone.

        A batch that was rolled back is given back as well if its recording has failed.
        """
        key, now = received.inbox_key, self._all.loop.passed
        is_first = not message.copy.redelivered and not message.copy.event.attempted
        is_recorded = key in self._all.database.returned or received.runs > 1
        recording = message.recording
        is_tried = received.runs == 1 and recording is not None and recording.is_over(now)
        if is_first and self._all.broker.number[key] == 1 and not (is_recorded or is_tried):
            detail = f"{_name(key)} is given back without a record"
            self._all.violated("what is given back is no suspect", detail)

    def failed(self, key: InboxKey) -> None:
        """Note that the handler meets an outage."""
        for each in self._all.broker.held_by(CURRENT.get(), key):
            each.failed_at = min(each.failed_at, self._all.loop.passed)


def _name(key: InboxKey) -> str:
    return f"{key.message_id.int} of {key.subscriber}"
