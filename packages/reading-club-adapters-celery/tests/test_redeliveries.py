"""Redelivered messages that a worker gave back are told from those that may have killed one."""

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from reading_club.adapters.eventstream.testing import ConsumerFixture
from reading_club.adapters.eventstream.testing.receiving import a_message, key
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.returning import Redeliveries
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.ports.inbox import InboxKey

TIMEOUT = 10.0


class LookingUp:
    """Redeliveries whose lookups the test answers."""

    def __init__(self) -> None:
        self.lookups: list[Future[Collection[InboxKey]]] = []
        self.looked_up: list[Sequence[Any]] = []
        self.sorted: dict[UUID, bool] = {}
        worker = SimpleNamespace(call_soon_ack=lambda callback, *args: callback(*args))
        log: Any = SimpleNamespace(key_of=lambda message: key(message.id), take=self._take)
        self.redeliveries = Redeliveries(worker, log, self._add)

    def _take(self, messages: Sequence[Any]) -> Any:
        self.looked_up.append([message.id for message in messages])
        self.lookups.append(Future())
        return self.lookups[-1]

    def _add(self, message: Any, suspected: bool) -> None:  # noqa: FBT001  # as it is called
        self.sorted[message.id] = suspected

    def sort(self) -> Any:
        """Sort a redelivered message; return its event's id."""
        message = a_message()
        self.redeliveries.sort(message)
        return message.id


def test_what_was_given_back_is_not_suspected() -> None:
    """A redelivered message with a record is handled as at first; one without is suspected."""
    looking_up = LookingUp()
    first, second, third = (looking_up.sort() for _ in range(3))

    looking_up.lookups[0].set_result({key(first)})
    looking_up.lookups[1].set_result({key(third)})

    assert looking_up.looked_up == [[first], [second, third]]
    assert looking_up.sorted == {first: False, second: True, third: False}


def test_what_cannot_be_looked_up_is_suspected() -> None:
    """If the database is away, a redelivered message counts as one that killed its worker."""
    looking_up = LookingUp()
    event = looking_up.sort()

    looking_up.lookups[0].set_exception(StorageUnavailable("away"))

    assert looking_up.sorted == {event: True}


def test_an_answer_for_a_lost_connection_is_ignored() -> None:
    """The messages of a lost connection are not handled: the broker redelivers them."""
    looking_up = LookingUp()
    looking_up.sort()
    looking_up.redeliveries.abandon()

    looking_up.lookups[0].set_result(())

    assert looking_up.sorted == {}


def test_a_record_is_taken_before_the_message_is_handled(
    consumer: EventTask, club: ConsumerFixture
) -> None:
    """The record is gone when the lookup ends: a crash after that is one to be suspected."""
    message = a_message()
    consumer.returned.record([message]).result(TIMEOUT)
    assert key(message.id) in club.database.returned

    taken = [set(consumer.returned.take([message]).result(TIMEOUT)) for _ in range(2)]

    assert taken == [{key(message.id)}, set()]
    assert dict(club.database.returned) == {}
