"""The consumption of a connection on a fake worker, whose own thread is the test's."""

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock
from uuid import UUID

from messagebus import Event

from reading_club.adapters.eventstream.testing.consumer_fixture import (
    ConsumerFixture,
    on_the_wire,
)
from reading_club.adapters.eventstream.testing.events import ParcelSent
from reading_club.adapters.eventstream.worker.batching import Batcher
from reading_club.adapters.eventstream.worker.consumption import Consumption
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.testing.polling import eventually


def key(message_id: UUID) -> InboxKey:
    """Return the key of an event at the activity log."""
    return InboxKey("activity", message_id)


class Message:
    """A received task message of an event, which records how it ended."""

    acknowledged = False

    def __init__(self, event: Event) -> None:
        self.id = event.message_id
        self.payload = [[], {"message": on_the_wire(event)}, {}]
        self.headers = {"arrived": 0.0}


class Worker:
    """A worker whose own thread is the test's: its calls are done by ``catch_up``.

    ``recorded`` has, for each requeued event, whether its record was committed before.
    """

    connection_errors = ()

    def __init__(self, club: ConsumerFixture) -> None:
        self.club = club
        self.calls: list[Callable[[], object]] = []
        self.recorded: dict[UUID, bool] = {}
        self.consumes = True
        self.broker_is_away = False
        self.run_in_pool = Mock()  # a batch that begins does not end

    def call_soon(self, callback: Callable[..., object], *args: object) -> None:
        """Note a call."""
        self.calls.append(lambda: callback(*args))

    call_soon_ack = call_soon

    def catch_up(self) -> None:
        """Do the noted calls."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()

    def consume_nothing(self) -> None:
        """Cancel the consumer."""
        self.consumes = False

    def consume_again(self) -> None:
        """Start the consumer."""
        self.consumes = True

    def requeue(self, message: Any) -> None:
        """Note whether the message was recorded before, unless the broker is away."""
        if not self.broker_is_away:
            self.recorded[message.id] = key(message.id) in self.club.database.returned
            message.acknowledged = True


class Receiving:
    """A consumption with a message in a batch; further ones wait."""

    def __init__(self, task: EventTask, worker: Worker) -> None:
        self.task, self.worker = task, worker
        self._records = 0
        self._record_in_database = task.returned.record
        task.returned.record = self._record  # type: ignore[method-assign]  # counts the calls
        self.consumption = Consumption(worker, task)
        self.redeliveries = self.consumption.redeliveries
        batchers = self.consumption.batchers
        self.fresh, self.suspected = batchers[False], batchers[True]
        for batcher in batchers.values():
            batcher.add(a_message())

    def waits(self, batcher: Batcher | None = None) -> Any:
        """Deliver a message, which waits for the batch before; return its event's id."""
        message = a_message()
        (batcher or self.fresh).add(message)
        return message.id

    def obey_pause(self) -> None:
        """Obey the pause until what waits is returned."""
        self._records = 0
        self.consumption.obey_pause()
        eventually(lambda: len(self.worker.calls) >= self._records)
        self.worker.catch_up()

    def _record(self, messages: Any) -> Any:
        self._records += 1
        return self._record_in_database(messages)


def a_message() -> Any:
    """Return a message of a new event."""
    return Message(ParcelSent())  # type: ignore[call-arg]  # the metadata have a default
