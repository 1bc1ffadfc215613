"""Attempts: a failing message is tried five times, and then becomes a dead letter."""

from collections.abc import Callable
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.testing import (
    ConsumerFixture,
    FailingSubscriber,
    ProcessKilled,
    on_the_wire,
)
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event

ATTEMPTS = 5
AFTER_ANY_PAUSE = 1000.0
"""Seconds, longer than any pause between two attempts."""
Consume = Callable[[Subscriber[Any, Any]], EventTask]


def number(club: ConsumerFixture) -> int:
    """Return the number of counted attempts in the database."""
    return sum(count.number for count in club.database.attempts.values())


def test_a_handler_that_always_fails_makes_one_dead_letter(
    consume: Consume, club: ConsumerFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """After five attempts there is one dead letter, with the last error and no effects."""
    failing = FailingSubscriber(activity, *[ZeroDivisionError("oops")] * ATTEMPTS)
    bad, good = an_event(), an_event()
    consumer = consume(failing)

    consumer.receive(on_the_wire(bad))
    consumer.receive(on_the_wire(good))

    (letter,) = club.dead_letters
    assert (letter.subscriber, letter.message_id) == ("failing", bad.message_id)
    assert (letter.error, letter.attempts) == ("ZeroDivisionError: oops", ATTEMPTS)
    assert list(club.database.activity) == [good.message_id]
    assert (failing.calls, number(club)) == (ATTEMPTS + 1, 0)
    assert len(club.waits) == ATTEMPTS - 1
    assert caplog.records[-1].exc_info is not None
    assert vars(caplog.records[-1])["message_id"] == str(bad.message_id)


def test_a_handler_that_recovers_leaves_no_count_of_its_attempts(
    consume: Consume, club: ConsumerFixture
) -> None:
    """Success in the last attempt takes effect once, and deletes the count."""
    event = an_event()

    consume(FailingSubscriber(activity, *[KeyError()] * (ATTEMPTS - 1))).receive(on_the_wire(event))

    assert list(club.database.activity) == [event.message_id]
    assert (club.dead_letters, number(club)) == ([], 0)


def test_an_outage_between_attempts_is_not_counted(consume: Consume, club: ConsumerFixture) -> None:
    """Failures of the handler are counted, outages in between are not."""
    away = [StorageUnavailable("away")] * 20
    errors = [KeyError(), *away, KeyError(), *away, KeyError(), *away]
    event = an_event()

    consume(FailingSubscriber(activity, *errors)).receive(on_the_wire(event), suspected=True)

    assert list(club.database.activity) == [event.message_id]
    assert club.dead_letters == []


def test_an_attempt_that_takes_the_process_along_is_counted(
    consume: Consume, club: ConsumerFixture
) -> None:
    """An attempt is counted before it begins; after the last, the message is a dead letter."""
    failing = FailingSubscriber(activity, *[ProcessKilled()] * 100)
    message = on_the_wire(an_event())

    for delivery in range(ATTEMPTS + 1):
        with pytest.raises(ProcessKilled):
            consume(failing).receive(message, suspected=delivery > 0)
        club.pass_(AFTER_ANY_PAUSE)
    consume(failing).receive(message, suspected=True)

    (letter,) = club.dead_letters
    assert letter.attempts == ATTEMPTS
    assert "RedeliveryLimitExceeded" in letter.error
    assert failing.calls == ATTEMPTS + 1
    assert number(club) == 0


def test_copies_that_come_together_use_up_one_attempt(
    consume: Consume, club: ConsumerFixture
) -> None:
    """Copies delivered together, as after an outage, count as one attempt."""
    failing = FailingSubscriber(activity, *[ProcessKilled()] * 20)
    event = an_event()

    with pytest.raises(ProcessKilled):
        consume(failing).receive(on_the_wire(event), suspected=True)
    for _ in range(20):
        consume(failing).receive(on_the_wire(event), suspected=True)

    assert (number(club), failing.calls) == (1, 1)
    assert len(club.database.outbox) == 1
    assert club.dead_letters == []


def test_a_worker_that_stops_between_attempts_gives_its_message_back(
    consume: Consume, club: ConsumerFixture
) -> None:
    """The message is requeued, and its attempts stay counted for the next worker."""
    club.stop_after = 2

    with pytest.raises(Reject):
        consume(FailingSubscriber(activity, *[KeyError()] * 9)).receive(on_the_wire(an_event()))

    assert number(club) == 2
    assert club.dead_letters == []
