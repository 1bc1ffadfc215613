"""What model and code have in common: the state of both, in the same terms."""

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club_functional.proof.driven import AFTER, Driven
from reading_club_functional.proof.driven_consumer import DrivenConsumer, subscriber
from reading_club_functional.proof.publishing import CLAIMED, SENDER, next_finish
from reading_club_functional.proof.states import NOTHING, Delivery, Event, Held, Nothing, State
from reading_club_functional.proof.stepping import PUBLISH

Seen = tuple[Any, ...]
"""What is seen of a part; an empty tuple if there is none."""


class Observation(NamedTuple):
    """The state of database, queue and processes, as far as both have it."""

    events: tuple[Seen, ...]
    """committed, old, fresh and suspected copies, received, effects, attempts, dead letter of the
    subscriber and of the relay, re-sent."""
    rows: tuple[Seen, ...]
    """leased, attempts, attempted."""
    batches: tuple[Seen, ...]
    """The next call, and before a publication the rows, each with whether it bears the token."""
    consumers: tuple[Seen, ...]
    """Event, next point, and what the delivery knows of its attempts."""


def of_model(state: State) -> Observation:
    """Return what is to be seen in a state of the model."""
    return Observation(
        tuple(map(_event, state.events)),
        state.rows,
        tuple(_batch(batch, process) for process, batch in enumerate(state.batches)),
        tuple(map(_consumer, state.consumers)),
    )


def _event(event: Event) -> Seen:
    committed = event.life == "committed"
    queue = (event.fresh, event.suspected)
    letters = (event.letter, event.unsendable, event.resent)
    return (committed, event.is_old, *queue, event.received, event.effects, event.counted, *letters)


def _batch(batch: tuple[Held | Nothing, ...], process: int) -> Seen:
    if not any(batch):
        return NOTHING
    if any(held and held.status not in CLAIMED for held in batch):
        return (next_finish(batch, process)[0],)
    held = [(key, each.valid) for key, each in enumerate(batch) if each]
    return (PUBLISH, *held)


def _consumer(delivery: Delivery | Nothing) -> Seen:
    if not delivery:
        return NOTHING
    stage, disconnected = delivery.stage, delivery.disconnected
    if stage == "acknowledge":
        return (delivery.event, stage, disconnected)
    point = stage if stage in {"handle", "wait"} else "transaction"
    attempts = (delivery.number, delivery.mode == "next", delivery.mode == "counted")
    return (delivery.event, point, disconnected, *attempts)


def of_code(driven: Driven) -> Observation:
    """Return what is to be seen in the database, the queue and the processes of the code."""
    batches = range(len(driven.working))
    return Observation(
        tuple(_stored(driven, event.message_id) for event in driven.events),
        tuple(_row(driven, key) for key in range(2 * len(driven.events))),
        tuple(_working(driven, process) for process in batches),
        tuple(_consuming(driven, consumer) for consumer in driven.consumers),
    )


def _stored(driven: Driven, id_: UUID) -> Seen:
    tables, copies = driven.database, driven.broker.copies[id_]
    key, now = InboxKey(subscriber().name, id_), driven.clock.now()
    age = now - tables.recorded.get(id_, now)
    counted, sent = tables.attempts.get(key), tables.resends.get(key)
    return (
        id_ in tables.messages,
        age >= timedelta(seconds=AFTER),
        len(copies.fresh),
        len(copies.suspected),
        key in tables.inbox,
        tables.effects.get(id_, 0),
        counted.number if counted else 0,
        (subscriber().name, id_) in tables.dead_letters,
        (RELAY, id_) in tables.dead_letters,
        sent is not None and now - sent.at < timedelta(seconds=AFTER * 2.0**sent.number),
    )


def _row(driven: Driven, number: int) -> Seen:
    row = driven.database.outbox.get(driven.key(number))
    if row is None:
        return NOTHING
    return (row.leased_until > driven.clock.now(), row.attempts, row.attempted)


def _working(driven: Driven, process: int) -> Seen:
    working, token = driven.working[process], driven.outboxes[process].token
    if working and working.point:
        action, events = working.point
        keys = [event.key for event in events] if action == PUBLISH else []
    elif process == SENDER:
        keys, token = driven.sender.queued(driven.clock.seconds()), driven.sender.lease.token
        action = PUBLISH if keys else ""
    else:
        return NOTHING
    numbers = {driven.key(number): number for number in range(2 * len(driven.events))}
    rows = driven.database.outbox
    held = [(numbers[key], key in rows and rows[key].token == token) for key in keys]
    return (action, *sorted(held)) if action else NOTHING


def _consuming(driven: Driven, consumer: DrivenConsumer) -> Seen:
    message, delivery, working = consumer.message, consumer.delivery, consumer.working
    if not (message and delivery and working and working.point):
        return NOTHING
    ids = [str(event.message_id) for event in driven.events]
    event, action = ids.index(message["id"]), working.point.action
    if action == "acknowledge":
        return (event, action, consumer.disconnected)
    counted = delivery.count is not None and not delivery.count_before
    attempts = (delivery.number, delivery.count_before, counted)
    return (event, action, consumer.disconnected, *attempts)
