"""The parts of a worker, on quorum queues."""

from typing import Any
from unittest.mock import Mock

from celery.worker.consumer.tasks import Tasks

from reading_club.adapters.eventstream import worker_app
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
