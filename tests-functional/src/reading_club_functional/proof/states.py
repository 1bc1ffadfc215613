"""The states of the model: what database, broker and processes hold, as tuples."""

from typing import Final, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")
Nothing: TypeAlias = tuple[()]
"""In place of a row, of a row in a batch, or of a delivery: there is none."""
NOTHING: Final[Nothing] = ()

TO_ALL, TO_ONE = 0, 1
"""The two outbox rows of an event: for all subscribers, and for the one subscriber of the model."""


class Row(NamedTuple):
    """An outbox row. Who has its lease is told by the ``Held`` of that process."""

    leased: bool
    """Whether its lease has yet to run out; otherwise the row is due."""
    attempts: int = 0
    attempted: bool = False
    """Whether handling was begun before: its message is a suspected one."""


class Held(NamedTuple):
    """A row in the batch of the sender or of a relay."""

    status: str
    """queued or claimed (suspected: attempted), then confirmed, refused, failed or undecided."""
    valid: bool
    """Whether the row bears the token of this batch."""


class Delivery(NamedTuple):
    """A message in the hands of a consumer."""

    event: int
    stage: str
    """The next step: count, open, handle, fail, give up, take back, undo, wait, acknowledge."""
    number: int = 0
    """The number of counted attempts that the consumer knows."""
    mode: str = "first"
    """first: not counted unless it fails; next: to be counted before it begins; counted.

    Where guards are removed also uncounted, as a suspected one, and outage, which is counted.
    """
    disconnected: bool = False
    """Whether the broker has delivered the message again meanwhile."""


class Event(NamedTuple):
    """One event, in the database and on the broker's queue."""

    life: str = "to come"
    """to come, committed, or rolled back."""
    is_old: bool = False
    """Whether it was recorded so long ago that it may be missing."""
    is_later: bool = False
    """Whether it was recorded when another event was old."""
    fresh: int = 0
    """Copies in the queue that were never delivered."""
    suspected: int = 0
    """Copies in the queue whose handling was begun before."""
    received: bool = False
    """Whether it has an inbox row."""
    effects: int = 0
    counted: int = 0
    """The attempts in the database."""
    letter: bool = False
    """Whether it is a dead letter of the subscriber."""
    unsendable: bool = False
    """Whether it is a dead letter of the relay."""
    resent: bool = False
    """Whether the reconciler has sent it again a short time ago."""
    lost: bool = False
    """Whether the broker has lost a copy of it after its confirm. Nothing depends on it."""
    begun: int = 0
    """Counted attempts that no outage ended; ``DESERVED`` since it was given up."""
    crashes: int = 0
    """Crashes while it was handled as a suspected one. Nothing depends on it."""


class State(NamedTuple):
    """A state of the whole system; ``rows`` has two of each event, and so has each batch."""

    faults: int
    """How many faults may still happen."""
    events: tuple[Event, ...]
    rows: tuple[Row | Nothing, ...]
    batches: tuple[tuple[Held | Nothing, ...], ...]
    """The batch of the sender, then those of the relays."""
    consumers: tuple[Delivery | Nothing, ...]
    broken: str = ""
    """The invariant that the step to this state has broken, of those that are about steps."""

    def with_event(self, number: int, **changes: object) -> "State":
        """Return the state with another event in place of this one."""
        event = self.events[number]._replace(**changes)  # type: ignore[arg-type]  # its fields
        return self._replace(events=put(self.events, number, event))

    def with_row(self, key: int, row: Row | Nothing) -> "State":
        """Return the state with another row."""
        return self._replace(rows=put(self.rows, key, row))

    def with_held(self, process: int, key: int, held: Held | Nothing) -> "State":
        """Return the state with another entry in a batch."""
        batch = put(self.batches[process], key, held)
        return self._replace(batches=put(self.batches, process, batch))

    def with_consumer(self, number: int, delivery: Delivery | Nothing) -> "State":
        """Return the state with another message in the hands of a consumer."""
        return self._replace(consumers=put(self.consumers, number, delivery))

    def without_tokens(self, key: int) -> "State":
        """Return the state in which the row bears no token of any batch."""
        state = self
        for process, batch in enumerate(self.batches):
            if (held := batch[key]) and held.valid:
                state = state.with_held(process, key, held._replace(valid=False))
        return state

    def is_idle(self) -> bool:
        """Whether no process has anything in hand."""
        return not any(map(any, self.batches)) and not any(self.consumers)


def put(values: tuple[T, ...], number: int, value: T) -> tuple[T, ...]:
    """Return the tuple with another value at this position."""
    return (*values[:number], value, *values[number + 1 :])


def first_state(*, events: int, relays: int, consumers: int, faults: int) -> State:
    """Return the state before everything."""
    batch: tuple[Nothing, ...] = (NOTHING,) * (2 * events)
    return State(
        faults,
        (Event(),) * events,
        batch,
        (batch,) * (1 + relays),
        (NOTHING,) * consumers,
    )


def canonical(state: State) -> State:
    """Return the one of all states that differ by a permutation of events, relays or consumers."""
    if len(state.events) == 1:
        return _sorted(state)
    return min(_sorted(state), _sorted(_swapped(state)))


def _sorted(state: State) -> State:
    sender, *relays = state.batches
    return state._replace(
        batches=(sender, *sorted(relays)), consumers=tuple(sorted(state.consumers))
    )


def _swapped(state: State) -> State:
    """Return the state with its two events in the other order."""
    deliveries = (d and d._replace(event=1 - d.event) for d in state.consumers)
    return state._replace(
        events=state.events[::-1],
        rows=state.rows[2:] + state.rows[:2],
        batches=tuple(batch[2:] + batch[:2] for batch in state.batches),
        consumers=tuple(deliveries),
    )
