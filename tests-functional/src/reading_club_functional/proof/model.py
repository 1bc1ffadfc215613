"""The model: every step that is possible in a state, and the invariants of the states."""

from collections.abc import Iterator
from typing import Final

from reading_club_functional.proof import guards as invariants
from reading_club_functional.proof.consuming import Consuming
from reading_club_functional.proof.guards import SOUND, Guards, Size
from reading_club_functional.proof.publishing import SENDER, Publishing, Step, Steps
from reading_club_functional.proof.states import (
    NOTHING,
    TO_ALL,
    TO_ONE,
    Event,
    Row,
    State,
    first_state,
)

SMALL: Final = Size()
LARGE: Final = Size(consumers=2, faults=3)
MIDDLE: Final = Size(relays=1, consumers=2)
PAIR: Final = Size(events=2, consumers=2, copies=2)
SMALL_PAIR: Final = Size(events=2, faults=1, copies=2)
"""Two events, with at most two copies of each in the queue: the reconciler may send more and more
copies of an event that another one has overtaken."""
TWO_EVENTS: Final = Size(events=2, consumers=2, faults=6, limit=2)
"""Too large to be explored: it is walked at random."""


class Model:
    """The event stream between one web process and one subscriber, with all faults."""

    def __init__(self, size: Size = SMALL, guards: Guards = SOUND) -> None:
        self.size = size
        self.guards = guards
        self._publishing = Publishing(guards, size.limit)
        self._consuming = Consuming(guards, size.limit)

    @property
    def first(self) -> State:
        """The state before everything."""
        events, relays, consumers, faults, *_ = self.size
        return first_state(events=events, relays=relays, consumers=consumers, faults=faults)

    def steps(self, state: State) -> Steps:
        """Yield each step that is possible, with the state after it."""
        most = self.size.copies
        for step, after in self._steps(state):
            if not most or all(event.fresh + event.suspected <= most for event in after.events):
                yield step, after

    def _steps(self, state: State) -> Steps:
        yield from self._publishing.steps(state)
        yield from self._consuming.steps(state)
        yield from self._pass_time(state)
        if state.faults:
            yield from _purge(state._replace(faults=state.faults - 1))
        if self.guards.reconciler:
            yield from _reconcile(state)

    def _pass_time(self, state: State) -> Steps:
        """Let so much time pass that leases run out; a fault if a process is at work meanwhile."""
        faults = state.faults - (not state.is_idle())
        if faults < 0:
            return
        rows = state.rows
        if self.guards.lease_ends:
            rows = tuple(row and row._replace(leased=False) for row in rows)
        sender = (NOTHING if h and h.status == "queued" else h for h in state.batches[SENDER])
        events = (e._replace(is_old=e.life == "committed", resent=False) for e in state.events)
        after = state._replace(
            rows=rows, events=tuple(events), batches=(tuple(sender), *state.batches[1:])
        )
        if after != state:
            yield Step("time passes"), after._replace(faults=faults)


def _purge(state: State) -> Steps:
    """Lose the queue with all that was confirmed."""
    if any(event.fresh or event.suspected for event in state.events):
        events = tuple(
            e._replace(fresh=0, suspected=0, lost=True) if e.fresh or e.suspected else e
            for e in state.events
        )
        yield Step("the broker loses the queue"), state._replace(events=events)


def _reconcile(state: State) -> Steps:
    """Put all missing events into the outbox, for the one subscriber."""
    idle = not any(event.fresh or event.suspected for event in state.events)
    overtaken = any(event.received and event.is_later for event in state.events)
    after = state
    for number, event in enumerate(state.events):
        late = idle or (overtaken and not event.is_later)
        if late and _may_be_missing(state, number, event):
            after = after.with_row(2 * number + TO_ONE, Row(leased=False))
            after = after.with_event(number, resent=True, lost=False)
    yield Step("reconcile"), after  # without effect, mostly


def _may_be_missing(state: State, number: int, event: Event) -> bool:
    waits = state.rows[2 * number + TO_ALL] or state.rows[2 * number + TO_ONE] or event.resent
    done = event.received or event.letter or event.unsendable
    return event.is_old and not waits and not done


def is_delivered(state: State) -> bool:
    """Whether each event is rolled back, has its effect or is a dead letter, and nothing waits."""
    return (
        state.is_idle()
        and not any(state.rows)
        and not any(event.fresh or event.suspected for event in state.events)
        and all(map(_has_arrived, state.events))
    )


def _has_arrived(event: Event) -> bool:
    given_up = event.letter or event.unsendable
    return event.life == "rolled back" or (
        event.life == "committed" and (event.effects == 1 or given_up)
    )


def violations(state: State, limit: int) -> Iterator[str]:
    """Yield the invariants that do not hold in a state."""
    if state.broken:
        yield state.broken
    held = {d.event for d in state.consumers if d}
    unacknowledged = {d.event for d in state.consumers if d and not d.disconnected}
    for number, event in enumerate(state.events):
        on_queue = bool(event.fresh or event.suspected)
        if event.life != "committed" and (on_queue or number in held or event.effects):
            yield invariants.NO_GHOST
        if event.effects > 1:
            yield invariants.ONCE
        if event.crashes > limit:
            yield invariants.BOUNDED
        kept = any(state.rows[2 * number : 2 * number + 2]) or number in unacknowledged
        done = event.received or event.letter or event.unsendable or event.lost
        if event.life == "committed" and not (on_queue or kept or done):
            yield invariants.KEPT
