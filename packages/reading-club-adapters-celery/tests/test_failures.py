"""Failed attempts are recorded, each with its number and error."""

from collections.abc import Callable
from typing import Any

import pytest

from reading_club.adapters.eventstream.testing import (
    ConsumerFixture,
    FailingSubscriber,
    ProcessKilled,
    on_the_wire,
)
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.inbox.attempt_policy import NOT_ENDED
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event

ATTEMPTS = 5
AFTER_ANY_PAUSE = 1000.0
"""Seconds, longer than any pause between two attempts."""
LONGEST = 2000
"""Characters of an error that are kept."""
Consume = Callable[[Subscriber[Any, Any]], EventTask]


def failures(club: ConsumerFixture) -> list[tuple[int, str]]:
    """Return number and error of each recorded attempt."""
    return [(each.number, each.error) for each in club.database.failures.values()]


def test_each_failed_attempt_is_recorded(consume: Consume, club: ConsumerFixture) -> None:
    """A message that becomes a dead letter has each of its attempts on record."""
    errors = [KeyError(number) for number in range(1, ATTEMPTS + 1)]
    event = an_event()

    consume(FailingSubscriber(activity, *errors)).receive(on_the_wire(event))

    assert failures(club) == [(n, f"KeyError: {n}") for n in range(1, ATTEMPTS + 1)]
    keys = {failure.inbox_key for failure in club.database.failures.values()}
    assert keys == {("failing", event.message_id)}
    assert len(club.dead_letters) == 1


def test_failures_of_a_message_that_is_handled_in_the_end_are_kept(
    consume: Consume, club: ConsumerFixture
) -> None:
    """The counts are deleted with the success, and the failures stay for operators."""
    event = an_event()

    consume(FailingSubscriber(activity, KeyError("a"), ValueError("b"))).receive(on_the_wire(event))

    assert failures(club) == [(1, "KeyError: 'a'"), (2, "ValueError: b")]
    assert list(club.database.activity) == [event.message_id]


def test_success_records_nothing(consume: Consume, club: ConsumerFixture) -> None:
    """A message that is handled at once leaves no row of attempts or failures."""
    consume(activity).receive(on_the_wire(an_event()))

    assert failures(club) == []


def test_an_outage_is_no_failure_of_the_message(consume: Consume, club: ConsumerFixture) -> None:
    """Attempts that the database ended are not recorded."""
    away = [StorageUnavailable("away")] * 3

    consume(FailingSubscriber(activity, *away)).receive(on_the_wire(an_event()), suspected=True)

    assert failures(club) == []


def test_an_attempt_that_killed_its_worker_is_recorded_by_the_next_delivery(
    consume: Consume, club: ConsumerFixture
) -> None:
    """Each counted attempt that never ended is on record, up to the dead letter."""
    failing = FailingSubscriber(activity, *[ProcessKilled()] * 100)
    message = on_the_wire(an_event())
    seen = []

    for delivery in range(ATTEMPTS + 1):
        with pytest.raises(ProcessKilled):
            consume(failing).receive(message, suspected=delivery > 0)
        seen.append(len(failures(club)))
        club.pass_(AFTER_ANY_PAUSE)
    consume(failing).receive(message, suspected=True)

    assert seen == [0, 0, 1, 2, 3, 4]
    assert failures(club) == [(number, NOT_ENDED) for number in range(1, ATTEMPTS + 1)]
    assert len(club.dead_letters) == 1


def test_a_failed_attempt_did_end(consume: Consume, club: ConsumerFixture) -> None:
    """After a failure and the loss of the worker the same attempt is not recorded twice."""
    failing = FailingSubscriber(activity, KeyError("a"), ProcessKilled())
    message = on_the_wire(an_event())
    with pytest.raises(ProcessKilled):
        consume(failing).receive(message)
    assert failures(club) == [(1, "KeyError: 'a'")]
    club.pass_(AFTER_ANY_PAUSE)

    consume(failing).receive(message, suspected=True)

    assert failures(club) == [(1, "KeyError: 'a'"), (2, NOT_ENDED)]


def test_an_error_is_kept_as_every_database_stores_it(
    consume: Consume, club: ConsumerFixture
) -> None:
    """NUL and lone surrogates are escaped, and a long text is cut."""
    errors = [ValueError("\x00 and \ud800"), ValueError("x" * 3 * LONGEST)]

    consume(FailingSubscriber(activity, *errors)).receive(on_the_wire(an_event()))

    (_, odd), (_, long) = failures(club)
    assert odd == r"ValueError: \x00 and \ud800"
    assert len(long) == LONGEST
