"""Streams with names of their own: two of them on one broker do not meet."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery
from kombu.transport.memory import Transport

from reading_club.adapters.eventstream import (
    BatchPublisher,
    EventstreamTransport,
    EventTask,
    Stream,
    SubscriberQueues,
    publisher_app,
    worker_app,
)
from reading_club.adapters.eventstream.testing import LISTENERS, FakeCelery, SentTask, outgoing
from reading_club.adapters.eventstream.testing.worker import InMemoryWorker
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity

ORDERS = Stream("orders", "handle_order", "shop")
STREAMS = (Stream(), ORDERS)


@pytest.fixture
def publishers(memory_app: Celery) -> Iterator[dict[Stream, BatchPublisher]]:
    """A publisher of each stream, for subscribers of the same names, on one empty broker."""
    assert memory_app.conf.broker_url == "memory://"
    apps = [publisher_app("memory://", LISTENERS, stream=stream) for stream in STREAMS]
    publishers = {app.stream: BatchPublisher(app) for app in apps}
    yield publishers
    for publisher in publishers.values():
        publisher.close()
        publisher.app.close()


def waiting(app: Celery, queue: str) -> list[tuple[str, str]]:
    """Take all messages from a queue; return task and id of each."""
    with app.connection_for_read() as connection:
        channel: Any = connection.channel()
        got = iter(lambda: channel.basic_get(queue, no_ack=True), None)
        messages = [channel.message_to_python(message) for message in got]
    return [(each.headers["task"], each.payload[1]["message"]["id"]) for each in messages]


def test_the_default_names_are_those_of_the_club() -> None:
    """Without names a stream is the club's, and the queues' prefix is that of the exchange."""
    assert Stream() == Stream("eventstream", "send_message", "eventstream")
    assert Stream().queue_name("activity") == "eventstream.activity"
    assert Stream("orders").queue_name("activity") == "orders.activity"


@pytest.mark.parametrize("field", ["exchange", "task", "queue_prefix"])
@pytest.mark.parametrize("name", ["two words", "amq", "amq.topic", "x" * 128, "ü", "line\n", "a/b"])
def test_a_name_that_a_broker_does_not_take_is_refused(field: str, name: str) -> None:
    """The error says which of the names is wrong."""
    with pytest.raises(ValueError, match=f"the {field} of a stream cannot be"):
        Stream(**{field: name})


def test_an_exchange_without_a_name_is_refused() -> None:
    """AMQP's exchange without a name routes to queues by their names, and is no stream's."""
    with pytest.raises(ValueError, match="exchange"):
        Stream(exchange="")


def test_two_streams_on_one_broker_do_not_meet(
    publishers: dict[Stream, BatchPublisher], memory_app: Celery
) -> None:
    """Subscribers of the same name get the events of their own stream alone."""
    sent: dict[Stream, list[OutboxMessage]] = {}
    for stream, publisher in publishers.items():
        sent[stream] = [outgoing(), outgoing(subscriber="first")]
        published = publisher.publish(sent[stream])
        assert set(published.confirmed) == {event.key for event in sent[stream]}

    for stream in STREAMS:
        ids = [(stream.task, event.envelope["id"]) for event in sent[stream]]
        assert waiting(memory_app, stream.queue_name("first")) == ids
        assert waiting(memory_app, stream.queue_name("second")) == ids[:1]


def test_the_queues_of_a_stream_are_declared_on_its_exchange_alone(
    publishers: dict[Stream, BatchPublisher],
) -> None:
    """Inspection declares and counts the queues of its own stream."""
    queues = {stream: SubscriberQueues(publishers[stream].app) for stream in STREAMS}
    Transport.global_state.clear()

    queues[ORDERS].declare(LISTENERS[0])
    publishers[ORDERS].publish([outgoing()])

    exchanges = set(Transport.global_state.exchanges or {})
    assert exchanges & {stream.exchange for stream in STREAMS} == {"orders"}
    assert [queues[stream].is_empty("first") for stream in STREAMS] == [True, False]


async def test_direct_publication_goes_to_the_stream_of_its_app(memory_app: Celery) -> None:
    """A transport sends the task of its app's stream, to that stream's queues."""
    app = publisher_app("memory://", LISTENERS, stream=ORDERS)
    transport = EventstreamTransport(app)
    event = outgoing()

    await transport.send_message_serialized(event.envelope)
    await asyncio.to_thread(transport.close)

    assert waiting(memory_app, "shop.first") == [("handle_order", event.envelope["id"])]
    app.close()


async def test_any_other_app_takes_the_stream_as_an_argument() -> None:
    """An app that has no stream of its own sends the task of the stream that is named."""
    sent: list[SentTask] = []
    transport = EventstreamTransport(FakeCelery(sent), stream=ORDERS)

    await transport.send_message_serialized(outgoing().envelope)
    await asyncio.to_thread(transport.close)

    assert [task.task for task in sent] == ["handle_order"]


def test_the_router_of_any_other_app_has_the_stream(memory_app: Celery) -> None:
    """An application's own Celery app publishes to the stream of the router among its routes."""
    own = Celery("own", broker="memory://", set_as_current=False)
    own.conf.task_routes = publisher_app("memory://", LISTENERS, stream=ORDERS).conf.task_routes
    publisher, event = BatchPublisher(own), outgoing()

    published = publisher.publish([event])
    publisher.close()

    assert list(published.confirmed) == [event.key]
    assert waiting(memory_app, "shop.first") == [("handle_order", event.envelope["id"])]
    own.close()


@pytest.mark.parametrize("part", [EventstreamTransport, BatchPublisher, SubscriberQueues])
def test_parts_of_two_streams_are_not_put_together(part: Callable[..., object]) -> None:
    """A part that is given another stream than its app's is refused: it would lose messages."""
    app = publisher_app("memory://", LISTENERS)

    with pytest.raises(ValueError, match="the app belongs to"):
        part(app, stream=ORDERS)
    app.close()


def test_a_worker_handles_the_task_of_its_stream(
    memory_app: Celery,
    consume: Callable[[Subscriber[Any, Any]], EventTask],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The task is registered under the stream's name; another stream's is no message of it."""
    assert memory_app.conf.broker_url == "memory://"
    monkeypatch.setattr("celery._state._tls.current_app", None)
    app = worker_app("memory://", activity, stream=ORDERS)
    consumer = consume(activity)
    received: list[object] = []
    monkeypatch.setattr(consumer, "receive_batch", lambda events, **_: received.extend(events))
    refused: list[object] = []
    monkeypatch.setattr(consumer, "refuse", lambda message, _: refused.append(message))
    consumer.register(app)
    worker = InMemoryWorker(app)
    headers = {"id": "7", "argsrepr": "()"}

    for task in ("handle_order", "send_message"):
        worker.receive([[], {"message": {"task": task}}, {}], {"task": task, **headers})

    assert app.conf.task_default_queue == "shop.activity"
    assert received == [{"task": "handle_order"}]
    assert len(refused) == 1
    worker.close()
    app.close()
