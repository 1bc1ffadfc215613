"""The calls that are compared: drawn at random, with few keys so that they meet each other."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from hypothesis import strategies as st

from reading_club.eventstream.ports.dead_letters import DeadLetter, DeadLetterFilter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, Lease, OutboxKey
from reading_club_functional.port_calls.backends import RESEND_AFTER, UNIT
from reading_club_functional.simulation.handlers import DRAWN, numbered_event

SUBSCRIBERS: Final = ("activity", "catalogue")
TYPE: Final = f"{DRAWN.name}_v{DRAWN.schema_version}"
HORIZON: Final = 6.5
"""Units; never a whole number of them, so that no event is at the very limit."""
AT: Final = datetime(2030, 1, 1, tzinfo=UTC)


class Call(NamedTuple):
    """A call of a port's method; without a port, of the unit of work's message store."""

    port: str
    method: str
    arguments: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()


def seconds(least: int = 0) -> st.SearchStrategy[float]:
    """Whole units, as seconds."""
    return st.integers(least, 3).map(lambda number: number * UNIT)


ids: Final = st.integers(1, 3).map(lambda number: UUID(int=number))
names: Final = st.sampled_from(SUBSCRIBERS)
tokens: Final = st.integers(101, 102).map(lambda number: UUID(int=number))
leases: Final = st.builds(Lease, seconds(), tokens)
inbox_keys: Final = st.builds(InboxKey, names, ids)
outbox_keys: Final = st.builds(OutboxKey, ids, st.sampled_from((ALL_SUBSCRIBERS, *SUBSCRIBERS)))
some_outbox_keys: Final = st.lists(outbox_keys, min_size=3, max_size=9, unique=True).map(tuple)
keys_for_all: Final = st.lists(ids.map(OutboxKey), min_size=1, max_size=3, unique=True).map(tuple)
reasons: Final = st.dictionaries(outbox_keys, st.just("too large"), min_size=3, max_size=9)


def envelope_of(message_id: UUID) -> dict[str, Any]:
    """Return an envelope of the message with this id, as it would be delivered."""
    return {"id": str(message_id), "type": TYPE, "payload": "{}"}


def a_letter(inbox_key: InboxKey, error: str, *, parked: bool) -> DeadLetter:
    """Return a dead letter of the message."""
    return DeadLetter(
        subscriber=inbox_key.subscriber,
        message_id=inbox_key.message_id,
        type=TYPE,
        envelope=envelope_of(inbox_key.message_id),
        error=error,
        set_aside_at=AT,
        attempts=3,
        parked=parked,
    )


def call(
    port: str, method: str, *arguments: st.SearchStrategy[Any], **options: st.SearchStrategy[Any]
) -> st.SearchStrategy[Call]:
    """Draw a call with these arguments."""
    named = st.fixed_dictionaries(options).map(lambda drawn: tuple(drawn.items()))
    return st.builds(Call, st.just(port), st.just(method), st.tuples(*arguments), named)


letters: Final = st.builds(
    a_letter, inbox_keys, st.sampled_from(("ValueError: no", "KeyError")), parked=st.booleans()
)
filters: Final = st.builds(
    DeadLetterFilter, subscriber=st.none() | names, error=st.none() | st.just("no")
)
deferred: Final = outbox_keys.filter(lambda key: key.subscriber != ALL_SUBSCRIBERS).flatmap(
    lambda key: call(
        "outbox",
        "defer",
        st.just(key),
        st.just(envelope_of(key.message_id)),
        pause=seconds(),
        reason=st.just("busy"),
    )
)

with_rows: Final = st.one_of(
    call("messagestore", "add", st.integers(1, 3).map(numbered_event)),
    call("outbox", "add", outbox_keys),
    deferred,
)
"""A call within a transaction that adds rows to the outbox, of which the other calls need some."""

requeued: Final = call(
    "subscriptions",
    "requeue_missing",
    names,
    idle=st.booleans(),
    after=st.just(RESEND_AFTER * UNIT),
    horizon=st.just(HORIZON * UNIT),
    limit=st.just(100),
)
in_transaction: Final = st.one_of(
    with_rows,
    call("inbox", "insert_new", inbox_keys),
    call("inbox", "insert_new_many", st.lists(inbox_keys, max_size=3)),
    call("inbox", "count_attempt", inbox_keys, min_interval=seconds()),
    call("inbox", "attempts", inbox_keys),
    call("inbox", "take_back_attempt", inbox_keys),
    call("inbox", "count_stall", inbox_keys, within=seconds()),
    call("inbox", "forget_attempts", inbox_keys),
    call("subscriptions", "subscribe", names, st.just([TYPE]), outside=st.booleans()),
    call("subscriptions", "outside"),
    call("subscriptions", "own"),
    call("subscriptions", "remove_outside", names),
    requeued,
    call("dead_letters", "add", letters),
    call("dead_letters", "page", filters),
    call("dead_letters", "groups", filters),
    call("dead_letters", "remove", letters),
    call("failures", "record", inbox_keys, st.integers(1, 3), st.just("ValueError: no")),
    call("failures", "record_lost", inbox_keys, st.integers(1, 3), st.just("lost")),
    call("returned", "add", st.lists(inbox_keys, max_size=2)),
    call("returned", "take", st.lists(inbox_keys, max_size=2)),
    call("pauses", "pause", names),
    call("pauses", "resume", names),
)
"""A call within a transaction of a unit of work."""


class Loss(NamedTuple):
    """Two events that a subscriber has lost."""

    numbers: list[int]
    """Those of the events come first."""
    subscriber: str
    units: tuple[int, int]
    """The time that passes after each of them."""
    received: int
    """1 if the second one was received, else 0."""
    paused: int
    """1 if the subscriber is paused then, else 0."""
    requeue: Call
    """What looks for the missing ones."""
    lease: Lease


losses: Final = st.builds(
    Loss,
    st.permutations((1, 2, 3)),
    names,
    st.tuples(st.integers(0, 4), st.integers(1, 9)),
    st.integers(0, 1),
    st.sampled_from((0, 0, 1)),
    requeued,
    leases,
)
around_a_pause: Final = st.lists(
    st.one_of(
        call("inbox", "insert_new", inbox_keys),
        call("returned", "add", st.lists(inbox_keys, min_size=2, max_size=4)),
        call("returned", "take", st.lists(inbox_keys, min_size=1, max_size=1)),
        call("pauses", "pause", names),
        call("pauses", "resume", names),
        requeued,
    ),
    min_size=2,
    max_size=5,
)
"""Calls that concern what was missed or given back during a pause."""

of_store: Final = st.one_of(
    call("store", "claim", st.integers(2, 9), leases),
    call("store", "delete", tokens, some_outbox_keys),
    call("store", "release", tokens, some_outbox_keys, retry_in=seconds()),
    call("store", "split", tokens, keys_for_all, retry_in=seconds()),
    call("store", "fail", tokens, reasons, retry_in=seconds()),
    call("store", "dead_letter", tokens, reasons),
)
"""A call of the relay's or the sender's, which is a transaction of its own."""
