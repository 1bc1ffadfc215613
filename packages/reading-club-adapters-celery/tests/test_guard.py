"""The parts of a worker, on quorum queues."""

import socket
from typing import Any
from unittest.mock import Mock

import pytest
from celery.worker.consumer.tasks import Tasks

from reading_club.adapters.eventstream import guard, worker_app
from reading_club.adapters.eventstream.guard import GuardedConsumer
from reading_club.service.projections import activity

DELAYS = "celery.worker.consumer.delayed_delivery.DelayedDelivery"


def test_a_worker_makes_no_queues_for_delays() -> None:
    """Celery would make 28 of them on the broker, for what our tables are for."""
    blueprint: Any = GuardedConsumer.Blueprint()

    steps = blueprint.claim_steps()

    assert DELAYS not in steps
    assert "celery.worker.consumer.tasks.Tasks" in steps


def test_nothing_else_is_taken_from_a_worker() -> None:
    """All the other steps of Celery's are there."""
    celerys: Any = GuardedConsumer.__mro__[1]

    missing = set(celerys.Blueprint.default_steps) - set(GuardedConsumer.Blueprint.default_steps)

    assert len(missing) == 1


def test_a_worker_limits_each_consumer() -> None:
    """Quorum queues refuse a limit that is common to a channel."""
    consumer = Mock(app=worker_app("amqp://broker", activity))
    consumer.connection.transport.driver_type = "amqp"
    consumer.connection.qos_semantics_matches_spec = False
    anything: Any = Tasks

    assert anything(consumer).qos_global(consumer) is False


@pytest.mark.parametrize("goodbye", ["stop", "shutdown"])
def test_a_broker_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, goodbye: str
) -> None:
    """A worker that is asked to stop does so, though its connection is open and silent."""
    monkeypatch.setattr(guard, "_GOODBYE", 0.05)
    ours, theirs = socket.socketpair()
    consumer: Any = GuardedConsumer.__new__(GuardedConsumer)
    consumer.perform_pending_operations = Mock()
    consumer.connection = Mock(connected=True, connection=Mock(sock=ours))
    consumer.blueprint = Mock(**{f"{goodbye}.side_effect": lambda _: ours.recv(1)})

    with ours, theirs:
        getattr(consumer, goodbye)()

    getattr(consumer.blueprint, goodbye).assert_called_once_with(consumer)


def test_a_worker_that_lost_its_connection_stops_as_well() -> None:
    """There is nothing to cut then."""
    consumer: Any = GuardedConsumer.__new__(GuardedConsumer)

    for connection in (None, Mock(connected=False), Mock(connected=True, connection=Mock(spec=[]))):
        consumer.connection = connection
        consumer._cut()
