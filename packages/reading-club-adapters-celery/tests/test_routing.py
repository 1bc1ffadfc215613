"""Routing of events to queues, and the queues' arguments."""

from typing import Any

import pytest
from celery import Celery
from kombu import Connection
from kombu.exceptions import ContentDisallowed
from kombu.serialization import prepare_accept_content
from kombu.transport.memory import Channel

from reading_club.adapters.eventstream.app import publisher_app, worker_app
from reading_club.adapters.eventstream.topology import EXCHANGE, EventRouter, queue_for, queue_name
from reading_club.domain.messages import ReviewCreated, ReviewRevised
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import SUBSCRIBERS, activity


@pytest.fixture
def ratings() -> Subscriber[Any, Any]:
    """A second subscriber, which handles reviews."""
    ratings = Subscriber[Any, Any]("ratings")

    @ratings.on(ReviewCreated, ReviewRevised)
    async def rate(event: Any, uow: Any) -> None: ...

    return ratings


@pytest.fixture
def two_app(memory_app: Celery, ratings: Subscriber[Any, Any]) -> Celery:
    """A publisher that knows two subscribers, on the empty in-memory broker."""
    memory_app.conf.task_routes = publisher_app(
        "memory://", [*SUBSCRIBERS, ratings]
    ).conf.task_routes
    return memory_app


def send(app: Celery, type_: str) -> None:
    """Publish a message of this type."""
    app.send_task("send_message", kwargs={"message": {"type": type_}})


def channel_of(connection: Connection) -> Channel:
    """Return a channel of the in-memory broker."""
    channel = connection.channel()
    assert isinstance(channel, Channel)
    return channel


def drain(connection: Connection, queue: str) -> list[Any]:
    """Take all messages from a queue, and return their types."""
    channel = channel_of(connection)
    messages = iter(lambda: channel.basic_get(queue, no_ack=True), None)
    return [message.decode()[1]["message"]["type"] for message in messages]


def test_the_type_is_the_routing_key(ratings: Subscriber[Any, Any]) -> None:
    """An event goes to the exchange by its type, and all known queues are declared."""
    route = EventRouter([queue_for(activity), queue_for(ratings)])

    options = route("send_message", (), {"message": {"type": "review_created_v1"}}, {})

    assert options is not None
    assert options["exchange"] == "eventstream"
    assert options["routing_key"] == "review_created_v1"
    assert [entity.name for entity in options["declare"]] == [
        "eventstream",
        "eventstream.activity",
        "eventstream.ratings",
    ]
    assert options["mandatory"] is True


def test_an_event_without_subscribers_is_not_mandatory(ratings: Subscriber[Any, Any]) -> None:
    """The broker drops an event without a subscriber, without an error."""
    options = EventRouter([queue_for(ratings)])(
        "send_message", (), {"message": {"type": "book_registered_v1"}}, {}
    )

    assert options is not None
    assert options["mandatory"] is False


def test_the_router_leaves_other_tasks_alone() -> None:
    """The router leaves other tasks to Celery."""
    assert EventRouter([])("something_else", (), {"message": {"type": "x"}}, {}) is None


def test_the_content_is_not_repeated_for_the_log(memory_app: Celery) -> None:
    """The headers that Celery's workers log have no content."""
    send(memory_app, "book_registered_v1")

    with memory_app.connection_for_read() as connection:
        message = channel_of(connection).basic_get("eventstream.activity")
    assert message is not None
    assert (message.headers["argsrepr"], message.headers["kwargsrepr"]) == ("()", "{}")


def test_a_queue_is_durable_and_bound_to_what_its_subscriber_wants() -> None:
    """A subscriber has one queue, named after it and bound to the types that it handles."""
    queue = queue_for(activity)

    assert queue.name == queue_name("activity") == "eventstream.activity"
    assert queue.durable
    assert {str(bound.exchange) for bound in queue.bindings} == {str(EXCHANGE)}
    assert {bound.routing_key for bound in queue.bindings} == activity.types


def test_a_queue_is_replicated_and_drops_nothing(ratings: Subscriber[Any, Any]) -> None:
    """A quorum queue has a delivery limit that even a long outage does not reach.

    Newer brokers drop a message after 20 deliveries by default; older ones take no negative limit.
    """
    arguments = queue_for(ratings).queue_arguments

    assert arguments is not None
    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-delivery-limit"] >= 1_000_000


def test_publisher_and_worker_declare_the_same_queue() -> None:
    """Arguments are equal: a broker refuses a queue that exists with others."""
    (route,) = publisher_app("amqp://broker", [activity]).conf.task_routes
    (queue,) = worker_app("amqp://broker", activity).conf.task_queues

    assert route.queues == [queue]
    assert route.queues[0].queue_arguments == queue.queue_arguments


def test_a_subscriber_without_handlers_is_a_mistake() -> None:
    """A subscriber without handlers is a ValueError: its queue would stay empty."""
    with pytest.raises(ValueError, match="idle"):
        queue_for(Subscriber[Any, Any]("idle"))


def test_events_wait_for_workers_that_never_started(two_app: Celery) -> None:
    """The publisher declares all queues, and each gets its subscriber's types, in order."""
    types = ["book_registered_v1", "review_created_v1", "unknown_v1", "review_revised_v1"]

    for type_ in types:
        send(two_app, type_)

    with two_app.connection_for_read() as connection:
        assert drain(connection, "eventstream.activity") == [types[0], types[1], types[3]]
        assert drain(connection, "eventstream.ratings") == [types[1], types[3]]


@pytest.mark.usefixtures("memory_app")
def test_the_worker_declares_the_same_queue(ratings: Subscriber[Any, Any]) -> None:
    """The worker declares the publisher's names, types and bindings, and no others."""
    worker = worker_app("memory://", ratings)

    with worker.connection_for_write() as connection:
        channel = channel_of(connection)
        for queue in worker.amqp.queues.consume_from.values():
            queue(channel).declare()
        bindings = {(queue, exchange, key) for queue, exchange, key in channel.list_bindings()}
        exchanges = channel.state.exchanges or {}

    assert bindings == {("eventstream.ratings", "eventstream", type_) for type_ in ratings.types}
    assert exchanges["eventstream"]["type"] == "topic"
    worker.close()


def test_pickles_are_refused(memory_app: Celery) -> None:
    """Publisher and worker accept JSON alone: other content types are not decoded."""
    worker = worker_app("memory://", activity)
    with memory_app.connection_for_write() as connection:
        queue = queue_for(activity)(connection.channel())
        queue.declare()
        connection.Producer().publish("evil", serializer="pickle", routing_key=queue.name)

        for app in (memory_app, worker):
            message = channel_of(connection).basic_get(queue.name)
            assert message is not None
            message.accept = prepare_accept_content(app.conf.accept_content)
            with pytest.raises(ContentDisallowed):
                message.decode()
            message.requeue()
