"""The steps of the web process, of its sender, and of the relays."""

from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

from reading_club_functional.proof import guards as invariants
from reading_club_functional.proof.guards import Guards
from reading_club_functional.proof.states import (
    NOTHING,
    TO_ALL,
    TO_ONE,
    Held,
    Nothing,
    Row,
    State,
)

SENDER: Final = 0
"""The position of the sender's batch."""
CLAIMED: Final = ("queued", "claimed", "claimed, attempted")
"""The statuses of rows that are to be published."""

OUTCOMES: Final = {
    "confirmed": "confirmed",
    "confirm lost": "undecided",
    "not sent": "undecided",
    "returned": "refused",
    "refused": "failed",
}
"""The status of a row after each outcome of its publication; all but the first are faults."""
FINISHING: Final = (("delete", "confirmed"), ("fail", "failed"), ("split", "refused"))


class Step(NamedTuple):
    """A step: what happens, to which process or event, and with which outcome."""

    action: str
    number: int = 0
    outcome: tuple[str, ...] = ()
    event: int = 0
    """The event that is delivered."""

    @property
    def kind(self) -> tuple[str, ...]:
        """What a step has in common with those of other processes and events."""
        return (self.action, *sorted(self.outcome))


Steps = Iterator[tuple[Step, State]]


class Publishing:
    """The steps from the commit to the queue. ``limit`` is the number of attempts of a relay."""

    def __init__(self, guards: Guards, limit: int) -> None:
        self.guards = guards
        self.limit = limit

    def steps(self, state: State) -> Steps:
        """Yield each step that is possible, with the state after it."""
        for number, event in enumerate(state.events):
            if event.life == "to come":
                yield from self._begin(state, number)
        for process in range(len(state.batches)):
            yield from self._steps_of(state, process)

    def _begin(self, state: State, number: int) -> Steps:
        key = 2 * number + TO_ALL
        is_later = any(event.is_old for event in state.events)
        stored = state.with_event(number, life="committed", is_later=is_later)
        stored = stored.with_row(key, Row(leased=True))
        yield Step("commit", number), stored.with_held(SENDER, key, Held("queued", valid=True))
        yield Step("roll back", number), state.with_event(number, life="rolled back")
        if not self.guards.row_in_transaction and not state.rows[key]:
            yield Step("store the row first", number), state.with_row(key, Row(leased=True))
        if not self.guards.hand_over_after_commit and not state.batches[SENDER][key]:
            early = state.with_held(SENDER, key, Held("queued", valid=False))
            yield Step("hand over before the commit", number), early

    def _steps_of(self, state: State, process: int) -> Steps:
        batch = state.batches[process]
        unfinished = [held.status for held in batch if held and held.status not in CLAIMED]
        if unfinished:
            yield self._finish(state, process)
        elif any(batch):
            yield from self._publish(state, process)
        elif process != SENDER:
            yield from self._claim(state, process)
        if any(batch) and state.faults:
            nothing = (NOTHING,) * len(batch)
            batches = (*state.batches[:process], nothing, *state.batches[process + 1 :])
            crashed = state._replace(faults=state.faults - 1, batches=batches)
            yield Step("crash of a publishing process", process), crashed

    def _claim(self, state: State, process: int) -> Steps:
        for key, row in enumerate(state.rows):
            if row and (not row.leased or not self.guards.lease_excludes):
                if row.leased and any(held and held.valid for held in _held(state, key)):
                    state = state._replace(broken=invariants.ALONE)
                status = "claimed, attempted" if row.attempted else "claimed"
                state = state.with_row(key, row._replace(leased=True)).without_tokens(key)
                state = state.with_held(process, key, Held(status, valid=True))
        yield Step("claim", process), state  # of no row, perhaps

    def _publish(self, state: State, process: int) -> Steps:
        keys = [key for key, held in enumerate(state.batches[process]) if held]
        for outcome in product(OUTCOMES, repeat=len(keys)):
            faults = len(outcome) - outcome.count("confirmed")
            if faults <= state.faults:
                after = state._replace(faults=state.faults - faults)
                for key, each in zip(keys, outcome, strict=True):
                    after = self._published(after, process, key, each)
                yield Step("publish", process, outcome), after

    def _published(self, state: State, process: int, key: int, outcome: str) -> State:
        held, number = state.batches[process][key], key // 2
        assert held
        if outcome in {"confirmed", "confirm lost"}:
            kind = "suspected" if held.status == "claimed, attempted" else "fresh"
            copies = getattr(state.events[number], kind) + 1
            state = state.with_event(number, **{kind: copies})
        status = OUTCOMES[outcome]
        if status == "undecided" and not self.guards.confirm_awaited:
            status = "confirmed"
        if status == "refused" and not self.guards.mandatory:
            status = "confirmed"
        if process == SENDER and status in {"undecided", "failed"}:
            return state.with_held(process, key, NOTHING)
        return state.with_held(process, key, held._replace(status=status))

    def _finish(self, state: State, process: int) -> tuple[Step, State]:
        """Finish the rows of one status, in one transaction or several of the same kind."""
        batch = state.batches[process]
        action, keys = next_finish(batch, process)
        for key in keys:
            held = batch[key]
            assert held
            state = self._finished(state, action, key, held).with_held(process, key, NOTHING)
        return Step(action, process), state

    def _finished(self, state: State, action: str, key: int, held: Held) -> State:
        row = state.rows[key]
        if not row or (not held.valid and self.guards.token_checked):
            return state
        if not held.valid:
            state = state._replace(broken=invariants.STALE)
        if action == "delete":
            return state.with_row(key, NOTHING).without_tokens(key)
        if action == "split":
            one = state.rows[key + TO_ONE] or Row(leased=False)
            return state.with_row(key, NOTHING).with_row(key + TO_ONE, one).without_tokens(key)
        if action == "release" and (held.status == "refused" or self.guards.relay_outage_uncounted):
            return state.with_row(key, row._replace(leased=held.status == "refused"))
        return self._failed(state, key, row, held.status)

    def _failed(self, state: State, key: int, row: Row, status: str) -> State:
        """Count an attempt; after the last one the row becomes a dead letter."""
        if row.attempts + 1 < self.limit:
            return state.with_row(key, row._replace(leased=True, attempts=row.attempts + 1))
        if status != "failed":
            state = state._replace(broken=invariants.EARNED)
        state, number = state.with_row(key, NOTHING).without_tokens(key), key // 2
        if key % 2 == TO_ALL:
            return state.with_event(number, unsendable=True)
        event = state.events[number]
        return state.with_event(number, letter=event.letter or not event.received)


def next_finish(batch: tuple[Held | Nothing, ...], process: int) -> tuple[str, list[int]]:
    """Return how a published batch goes on, and with which rows."""
    for action, status in reversed(FINISHING) if process == SENDER else FINISHING:
        keys = [key for key, held in enumerate(batch) if held and held.status == status]
        if action == "split":
            keys = [key for key in keys if key % 2 == TO_ALL]
        if keys:
            return action, keys
    return "release", [key for key, held in enumerate(batch) if held]


def _held(state: State, key: int) -> list[Held]:
    return [held for batch in state.batches if (held := batch[key])]
