"""The steps of the consumers of the one subscriber."""

from typing import Final

from reading_club_functional.proof import guards as invariants
from reading_club_functional.proof.guards import Guards
from reading_club_functional.proof.publishing import Step, Steps
from reading_club_functional.proof.states import NOTHING, TO_ONE, Delivery, Row, State

DESERVED: Final = -1
"""In place of the number of begun attempts, from when there have been enough of them."""


class Consuming:
    """The steps from the queue to the effect. ``limit`` is the number of attempts."""

    def __init__(self, guards: Guards, limit: int) -> None:
        self.guards = guards
        self.limit = limit
        self._next = {
            "count": self._count,
            "open": self._open,
            "handle": self._handle,
            "fail": self._fail,
            "give up": self._give_up,
            "take back": self._take_back,
            "undo": self._take_back,
            "wait": self._wait,
            "acknowledge": self._acknowledge,
        }

    def steps(self, state: State) -> Steps:
        """Yield each step that is possible, with the state after it."""
        for consumer, delivery in enumerate(state.consumers):
            if not delivery:
                yield from self._deliver(state, consumer)
                continue
            yield from self._next[delivery.stage](state, consumer, delivery)
            if state.faults:
                yield from self._faults(state, consumer, delivery)

    def _deliver(self, state: State, consumer: int) -> Steps:
        for number, event in enumerate(state.events):
            if event.fresh:
                taken = state.with_event(number, fresh=event.fresh - 1)
                yield self._delivered(taken, consumer, Delivery(number, "open"), "a fresh copy")
            if event.suspected:
                taken = state.with_event(number, suspected=event.suspected - 1)
                delivery = Delivery(number, "count", mode="next")
                if not self.guards.suspected_counted_first:
                    delivery = Delivery(number, "open", mode="uncounted")
                yield self._delivered(taken, consumer, delivery, "a suspected copy")

    def _delivered(
        self, state: State, consumer: int, delivery: Delivery, kind: str
    ) -> tuple[Step, State]:
        if not self.guards.acknowledge_after_effect:
            delivery = delivery._replace(disconnected=True)
        step = Step("deliver", consumer, (kind,), delivery.event)
        return step, state.with_consumer(consumer, delivery)

    def _faults(self, state: State, consumer: int, delivery: Delivery) -> Steps:
        number, after = delivery.event, state._replace(faults=state.faults - 1)
        event = state.events[number]
        crashed = after
        if not delivery.disconnected:
            after = crashed = after.with_event(number, suspected=event.suspected + 1)
            lost = delivery._replace(disconnected=True)
            yield (
                Step("lose the connection of a consumer", consumer),
                after.with_consumer(consumer, lost),
            )
        if delivery.stage == "handle" and delivery.mode != "first":
            crashed = crashed.with_event(number, crashes=min(event.crashes, self.limit) + 1)
        yield Step("crash of a consumer", consumer), crashed.with_consumer(consumer, NOTHING)

    def _count(self, state: State, consumer: int, delivery: Delivery) -> Steps:
        """Count the attempt in a transaction of its own, and begin it or give the event up."""
        number, event = delivery.event, state.events[delivery.event]
        if event.letter:
            state, stage, count = state.with_event(number, counted=0), "acknowledge", 0
        else:
            count = event.counted + 1
            state = state.with_event(number, counted=count)
            stage = "open" if count <= self.limit else "give up"
        if stage == "open":
            state = _begun(state, number, 1)
            delivery = delivery._replace(mode="counted")
        elif stage == "give up":
            state = self._condemned(state, number)
        delivery = delivery._replace(stage=stage, number=count)
        yield Step("count the attempt", consumer), state.with_consumer(consumer, delivery)

    def _open(self, state: State, consumer: int, delivery: Delivery) -> Steps:
        """Open the transaction of the effect, and insert the inbox row or skip the event."""
        number, event = delivery.event, state.events[delivery.event]
        if event.received and self.guards.inbox_checked:
            if delivery.number:
                state = state.with_event(number, counted=0)
            done = delivery._replace(stage="acknowledge")
            yield Step("skip", consumer), state.with_consumer(consumer, done)
            return
        if not self.guards.inbox_in_transaction:
            state = state.with_event(number, received=True)
        begun = delivery._replace(stage="handle")
        yield Step("begin to handle", consumer), state.with_consumer(consumer, begun)

    def _handle(self, state: State, consumer: int, delivery: Delivery) -> Steps:
        """Commit the effect, or fail for the event's own reasons or by an outage."""
        yield Step("commit the effect", consumer), self._commit(state, consumer, delivery)
        if state.faults:
            after = state._replace(faults=state.faults - 1)
            failed = delivery._replace(stage="fail")
            yield Step("fail to handle", consumer), after.with_consumer(consumer, failed)
            waits = "take back" if delivery.mode == "counted" else "wait"
            if not self.guards.outage_uncounted:
                waits = "fail in an outage"
            out = delivery._replace(stage=waits.removesuffix(" in an outage"))
            if waits.startswith("fail"):
                out = out._replace(mode="outage")
            yield Step("meet an outage", consumer), after.with_consumer(consumer, out)

    def _commit(self, state: State, consumer: int, delivery: Delivery) -> State:
        number, event = delivery.event, state.events[delivery.event]
        conflict = self.guards.inbox_checked and self.guards.inbox_in_transaction
        if event.received and conflict and self.guards.second_waits:
            stage = "undo" if delivery.mode == "counted" else "open"
            return state.with_consumer(consumer, delivery._replace(stage=stage))
        state = state.with_event(number, received=True, effects=event.effects + 1)
        if delivery.number:
            state = state.with_event(number, counted=0)
        return state.with_consumer(consumer, delivery._replace(stage="acknowledge"))

    def _fail(self, state: State, consumer: int, delivery: Delivery) -> Steps:
        """Record the failure, and count it unless it was counted before."""
        number, count = delivery.event, delivery.number
        if not count:
            count = state.events[number].counted + 1
            state = state.with_event(number, counted=count)
            state = _begun(state, number, int(delivery.mode != "outage"))
        failed = delivery._replace(stage="count", number=count, mode="next")
        if count >= self.limit:
            failed = delivery._replace(stage="give up", number=count)
            state = self._condemned(state, number)
        yield Step("record the failure", consumer), state.with_consumer(consumer, failed)

    def _condemned(self, state: State, number: int) -> State:
        """Note whether an event is given up that has had its attempts, or has its effect."""
        event = state.events[number]
        if event.received or event.begun == DESERVED:
            return state
        if event.begun < self.limit:
            return state._replace(broken=invariants.EARNED)
        return state.with_event(number, begun=DESERVED)

    def _give_up(self, state: State, consumer: int, delivery: Delivery) -> Steps:
        """Store a dead letter, unless the event has an inbox row by now."""
        number, event = delivery.event, state.events[delivery.event]
        if not event.received or not self.guards.letter_after_inbox:
            if event.received:
                state = state._replace(broken=invariants.EARNED)
            state = state.with_event(number, letter=True)
        state = state.with_event(number, counted=0)
        done = delivery._replace(stage="acknowledge")
        yield Step("give up", consumer), state.with_consumer(consumer, done)

    def _take_back(self, state: State, consumer: int, delivery: Delivery) -> Steps:
        """Take back the counted attempt that an outage or a conflict has ended."""
        number, event = delivery.event, state.events[delivery.event]
        state, action = _begun(state, number, -1), "leave the attempt counted"
        if self.guards.outage_taken_back:
            state = state.with_event(number, counted=max(0, event.counted - 1))
            action = "take back the attempt"
        stage = "wait" if delivery.stage == "take back" else "count"
        after = delivery._replace(stage=stage, number=delivery.number - 1, mode="next")
        yield Step(action, consumer), state.with_consumer(consumer, after)

    def _wait(self, state: State, consumer: int, delivery: Delivery) -> Steps:
        """Try again after an outage, or put the event off into the outbox."""
        stage = "count" if delivery.mode == "next" else "open"
        again = delivery._replace(stage=stage)
        yield Step("try again", consumer), state.with_consumer(consumer, again)
        event, key = state.events[delivery.event], 2 * delivery.event + TO_ONE
        if not event.received and not event.letter:
            row = Row(leased=False, attempted=True)
            state = state.with_row(key, row).without_tokens(key)
        done = delivery._replace(stage="acknowledge")
        yield Step("put off", consumer), state.with_consumer(consumer, done)

    def _acknowledge(self, state: State, consumer: int, _: Delivery) -> Steps:
        """End the delivery; after a lost connection the broker ignores it."""
        yield Step("acknowledge", consumer), state.with_consumer(consumer, NOTHING)


def _begun(state: State, number: int, more: int) -> State:
    """Return the state with more attempts that no outage has ended, or with fewer."""
    begun = state.events[number].begun
    return state if begun == DESERVED else state.with_event(number, begun=max(0, begun + more))
