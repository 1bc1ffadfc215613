"""The invariants: what is checked at each step that writes, and when the world is quiet."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final
from uuid import UUID

from reading_club.adapters.memory.rows import Count, OutboxRow
from reading_club.eventstream.inbox.attempt_policy import NOT_ENDED
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey
from reading_club_functional.simulation.attempts import AttemptInvariants
from reading_club_functional.simulation.processes import CURRENT
from reading_club_functional.simulation.scenarios import ATTEMPTS
from reading_club_functional.simulation.seeded_loop import SeededLoop

if TYPE_CHECKING:
    from reading_club_functional.simulation.broker import SimulatedBroker
    from reading_club_functional.simulation.database import SimulatedDatabase

OWN_ERRORS: Final = ("ValueError", NOT_ENDED)
"""How the errors of attempts begin that an event causes by itself."""
PROBE_PAUSE: Final = 0.25
"""The shortest pause after an outage, in seconds: half of the first one, by jitter."""


class InvariantViolation(Exception):
    """A promise is broken: which one, and by what."""

    def __init__(self, invariant: str, detail: str) -> None:
        super().__init__(f"{invariant}: {detail}")
        self.invariant = invariant


class Invariants:
    """Checks a run. The first violation ends it at the next step.

    ``tries`` are the attempts that the world has seen to fail: raised errors, and crashes of a
    worker while it had the message.
    """

    database: "SimulatedDatabase"
    broker: "SimulatedBroker"

    def __init__(self, loop: SeededLoop, subscribers: Collection[str]) -> None:
        self.loop, self.subscribers = loop, subscribers
        self.acknowledged: set[UUID] = set()
        self.rolled_back: set[UUID] = set()
        self.tries: Counter[InboxKey] = Counter()
        self.errors: Counter[InboxKey] = Counter()
        self.discarded: set[InboxKey] = set()
        self.attempts = AttemptInvariants(self)
        self._stored: set[UUID] = set()
        self._resends: Mapping[InboxKey, Count] = {}
        self._letters: set[tuple[str, UUID]] = set()

    def violated(self, invariant: str, detail: str) -> None:
        """Note a violation; the loop raises it instead of its next step."""
        if self.loop.violation is None and not self.loop.over:
            self.loop.note(f"VIOLATED {invariant}: {detail}")
            self.loop.violation = InvariantViolation(invariant, detail)

    def committed(self, began: float, deferred: Collection[InboxKey]) -> None:
        """Check what a transaction has committed, which began at this time, and has put off."""
        database = self.database
        self.attempts.committed(began, deferred)
        self._check_pauses(began)
        for message_id in database.messages.keys() - self._stored:
            self._stored.add(message_id)
            if OutboxKey(message_id) not in database.outbox:
                self.violated("no loss", f"{message_id} was committed without an outbox row")
        for inbox_key, number in database.effects.items():
            if number > 1:
                self.violated("effect once", f"{_name(inbox_key)} took effect {number} times")
            if inbox_key not in database.inbox:
                self.violated("effect once", f"{_name(inbox_key)} took effect without a receipt")
        self._check_letters()
        for number, failure in database.failures.items():
            if not failure.error.startswith(OWN_ERRORS):
                detail = f"failure {number} of {_name(failure.inbox_key)} is {failure.error}"
                self.violated("an outage is not poison", detail)

    def _check_letters(self) -> None:
        letters = self.database.dead_letters
        self._letters &= letters.keys()
        for key in letters.keys() - self._letters:
            self._letters.add(key)
            inbox_key = InboxKey(*key)
            if self.broker.is_too_large(inbox_key.message_id) or letters[key].parked:
                continue
            if inbox_key in self.discarded:
                self.violated("dead letters", f"{_name(inbox_key)} was discarded and came back")
            # Attempts at other copies may still run, also in a worker without a connection.
            tries = self.tries[inbox_key] + max(0, self.broker.in_hand(inbox_key) - 1)
            if tries < ATTEMPTS:
                detail = f"{_name(inbox_key)} was given up after {tries} attempts"
                self.violated("an outage is not poison", detail)

    def _check_pauses(self, began: float) -> None:
        """Check that nothing is sent again to who was paused when the transaction began."""
        database = self.database
        for key, count in database.resends.items():
            since = database.pauses.get(key.subscriber)
            is_paused = since is not None and since < database.at(began)
            if is_paused and self._resends.get(key) != count:
                self.violated("a pause is obeyed", f"{_name(key)} is sent again")
        self._resends = dict(database.resends)

    def handling(self, key: InboxKey) -> None:
        """Check that a handler may begin in this process."""
        self.attempts.handling(key)
        for consumer in self.broker.consumers:
            held = consumer.held(key) if consumer.process is CURRENT.get() else []
            if held and all(each.at > consumer.rests_since for each in held):
                self.violated("a pause is obeyed", f"{_name(key)} is handled")

    def claimed(self, before: Mapping[OutboxKey, OutboxRow], keys: Collection[OutboxKey]) -> None:
        """Check that no row was claimed before its lease had run out."""
        for key in keys:
            if before[key].leased_until > self.database.clock():
                self.violated("lease", f"{_name(key)} was claimed while it was leased")

    def finished(self, call: str, before: Mapping[OutboxKey, OutboxRow], token: UUID) -> None:
        """Check what a finisher with this token has changed in the rows of its keys."""
        for key, row in before.items():
            if row.token != token:
                if self.database.outbox.get(key) != row:
                    self.violated("lease", f"{call} with a stale token has changed {_name(key)}")
            elif call == "delete" and not self.broker.has_taken(key):
                self.violated("confirmed means queued", f"{_name(key)} is deleted, and not queued")
            elif call in {"fail", "dead_letter"} and not self.broker.is_too_large(key.message_id):
                self.violated("an outage is not poison", f"an attempt of {_name(key)} is counted")
            elif call == "refuse" and key.subscriber == ALL_SUBSCRIBERS:
                self.violated("one queue delays no other", f"{_name(key)} waits as a whole")

    def published(self, message_id: UUID) -> None:
        """Check that what is published is committed."""
        if message_id not in self.database.messages:
            self.violated("no ghost", f"{message_id} is published, and not committed")

    def probed(self, events: int, since: float) -> None:
        """Check a batch that is published while its publisher knows of an outage."""
        if events > 1 or since < PROBE_PAUSE:
            detail = f"{events} events are sent {since:.2f} s after an outage"
            self.violated("one event at a time probes", detail)

    def reconciled(self, asked: Collection[str]) -> None:
        """Check whose queues the reconciler has asked for in a run, whatever its outcome."""
        for name in set(self.subscribers) - set(asked):
            self.violated("one queue delays no other", f"{name} is not reconciled")

    def acked(self, inbox_key: InboxKey) -> None:
        """Check that an acknowledged message is done, or waits elsewhere."""
        database = self.database
        if (
            inbox_key not in database.inbox
            and inbox_key not in database.dead_letters
            and OutboxKey(inbox_key.message_id, inbox_key.subscriber) not in database.outbox
            and not self.broker.has_copy(inbox_key)
            and inbox_key not in self.broker.lost
        ):
            self.violated("no loss", f"{_name(inbox_key)} is acknowledged, and not done")

    def open_ends(self) -> list[str]:
        """Return what has to happen before the world is quiet: rows, copies, missing receipts."""
        database = self.database
        ends = [f"{_name(key)} is in the outbox" for key in database.outbox]
        ends += [f"{_name(key)} is on its queue" for key in self.broker.copies()]
        parked = [InboxKey(*key) for key, letter in database.dead_letters.items() if letter.parked]
        ends += [f"{_name(key)} is parked" for key in parked]
        for message_id in database.messages:
            if (RELAY, message_id) in database.dead_letters:
                continue
            for name in self.subscribers:
                key = InboxKey(name, message_id)
                if key not in database.inbox and key not in database.dead_letters:
                    ends.append(f"{_name(key)} has neither a receipt nor a dead letter")
        return ends

    def check_quiet(self) -> None:
        """Check the tables of a world in which nothing happens any more."""
        database = self.database
        for message_id in self.acknowledged - database.messages.keys():
            self.violated("no loss", f"{message_id} was acknowledged, and is not stored")
        for message_id in self.rolled_back & database.messages.keys():
            self.violated("no ghost", f"{message_id} was rolled back, and is stored")
        for inbox_key in database.inbox:
            if not database.effects.get(inbox_key) and inbox_key not in self.discarded:
                self.violated("no loss", f"{_name(inbox_key)} has a receipt, and no effect")
        recorded = Counter(failure.inbox_key for failure in database.failures.values())
        for inbox_key, number in self.errors.items():
            if inbox_key in database.dead_letters and number and not recorded[inbox_key]:
                detail = f"none of {number} failures of {_name(inbox_key)} is recorded"
                self.violated("attempts are counted", detail)


def _name(key: InboxKey | OutboxKey) -> str:
    return f"{key.message_id.int} of {key.subscriber or 'all'}"
