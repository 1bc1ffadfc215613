"""Events that wait on the broker, for a worker of the club or of tasks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final
from uuid import UUID

from celery import Celery
from kombu import Connection, Queue, pools

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing import on_the_wire
from reading_club.adapters.eventstream.topology import queue_name
from reading_club.eventstream.ports.outbox import OutboxKey, OutboxMessage
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event
from reading_club_functional.bench.fresh import NotOnce
from reading_club_functional.bench.taskworker import RECORD, START, tasks_app

COPIES: Final = 100
"""One event of this many is published twice, to show whether it takes effect once."""
WINDOW: Final = 500


def events_on_the_wire(count: int) -> dict[UUID, Mapping[str, str]]:
    """Return `count` new events, by their ids."""
    events = [an_event() for _ in range(count)]
    return {event.message_id: on_the_wire(event) for event in events}


def fill_queue_of_activity(broker_url: str, events: Mapping[UUID, Mapping[str, str]]) -> None:
    """Put the events on the queue of the activity log, as the outbox does.

    Raises NotOnce if the broker has not confirmed each of them.
    """
    outgoing = [OutboxMessage(OutboxKey(id_), event) for id_, event in _with_copies(events)]
    app = publisher_app(broker_url, [activity])
    with closing(app), closing(BatchPublisher(app)) as publisher:
        for start in range(0, len(outgoing), WINDOW):
            window = outgoing[start : start + WINDOW]
            if set(publisher.publish(window).confirmed) != {each.key for each in window}:
                raise NotOnce("the broker has not taken all events")


def is_empty(broker_url: str) -> bool:
    """Return whether nothing waits on the queue of the activity log."""
    with Connection(broker_url, connect_timeout=10) as connection, connection.channel() as channel:
        declared: Any = Queue(queue_name(activity.name))(channel).queue_declare(passive=True)
        return not declared.message_count


def fill_queue_of_tasks(app: Celery, events: Mapping[UUID, Mapping[str, str]]) -> None:
    """Put the events on the tasks' queue, a task each."""
    with app.producer_pool.acquire(block=True) as producer:
        for _, event in _with_copies(events):
            app.send_task(RECORD, kwargs={"message": event}, producer=producer)


@contextmanager
def open_tasks(broker_url: str) -> Iterator[Celery]:
    """Lend the tasks' application, on empty queues that are gone afterwards.

    kombu keeps connections for the whole process, and remembers what it declared on them.
    """
    pools.reset()
    _delete_queues(broker_url)
    with closing(tasks_app(broker_url)) as app:
        yield app
    _delete_queues(broker_url)


def _delete_queues(broker_url: str) -> None:
    with Connection(broker_url, connect_timeout=10) as connection, connection.channel() as channel:
        for queue in (RECORD, START):
            Queue(queue)(channel).delete()


def _with_copies(
    events: Mapping[UUID, Mapping[str, str]],
) -> Sequence[tuple[UUID, Mapping[str, str]]]:
    """Return the events in their order, a copy directly behind its original."""
    return [
        item
        for number, item in enumerate(events.items())
        for _ in range(1 if number % COPIES else 2)
    ]
