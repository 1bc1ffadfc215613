"""The batch publisher without a broker."""

import socket
import threading
import traceback
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any
from unittest.mock import Mock

import pytest
from celery import Celery
from kombu import pools
from kombu.transport.memory import Transport

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.broker_errors import deadline
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.publisher.virtual import VirtualConnection
from reading_club.adapters.eventstream.testing import LISTENERS, outgoing

SECRET = "s3cret"


@pytest.fixture
def publisher(memory_app: Celery) -> Iterator[BatchPublisher]:
    """A publisher on the in-memory broker."""
    publisher = BatchPublisher(memory_app)
    yield publisher
    publisher.close()


def a_socket(*, listening: bool) -> socket.socket:
    """Return a bound socket: silent if ``listening``, else it refuses connections."""
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    if listening:
        silent.listen()
    return silent


@pytest.mark.parametrize("listening", [True, False], ids=["a black hole", "refused"])
@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_a_broker_that_is_away_is_an_outage(scheme: str, *, listening: bool) -> None:
    """An outage is reported in time, without results and without the password."""
    with a_socket(listening=listening) as silent:
        url = f"{scheme}://club:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/0"
        app = publisher_app(url, LISTENERS)
        app.conf.broker_connection_timeout = 0.05
        app.conf.broker_transport_options |= {"socket_timeout": 0.05} if scheme == "redis" else {}
        start = monotonic()
        published = BatchPublisher(app).publish([outgoing(), outgoing()])
        seconds = monotonic() - start
    pools.reset()

    assert seconds < 2
    assert published.outage is not None
    assert published.reason
    assert SECRET not in published.reason
    assert SECRET not in "".join(traceback.format_exception(published.outage))
    assert not published.confirmed
    assert not published.failed


def test_messages_confirmed_before_an_outage_are_reported(
    publisher: BatchPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events confirmed before the outage are reported; the others have no result."""
    events = [outgoing(subscriber="first") for _ in range(5)]
    put = Mock(side_effect=[None, None, ConnectionResetError])
    monkeypatch.setattr("kombu.transport.memory.Channel._put", put)

    published = publisher.publish(events)

    assert list(published.confirmed) == [events[0].key, events[1].key]
    assert isinstance(published.outage, ConnectionResetError)
    assert not published.failed


def test_a_forked_process_connects_by_itself(publisher: BatchPublisher) -> None:
    """A forked process uses and closes a connection of its own."""
    publisher.publish([outgoing()])
    parents = publisher._connections.value

    publisher._connections._leave_to_parent()
    published = publisher.publish([outgoing()])
    childs = publisher._connections.value
    publisher.close()

    assert len(published.confirmed) == 1
    assert childs is not parents
    assert parents is not None
    assert parents.connection.connected


def test_an_interrupted_batch_leaves_nothing_connected(
    publisher: BatchPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt drops the connection, whose late answers could confirm the next batch."""
    publisher.publish([outgoing()])

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(VirtualConnection, "send", interrupt)
    with pytest.raises(KeyboardInterrupt):
        publisher.publish([outgoing()])

    assert publisher._connections.value is None


def test_a_block_that_takes_too_long_is_cut_off() -> None:
    """After the deadline an error of the block becomes the cause of a TimeoutError."""
    cut = threading.Event()

    def wait() -> None:
        assert cut.wait(30)
        raise AttributeError("a socket that is no more")

    with pytest.raises(TimeoutError, match=r"0\.01 s") as caught, deadline(0.01, cut.set):
        wait()

    assert isinstance(caught.value.__cause__, AttributeError)


def test_a_block_that_ends_in_time_is_not_cut_off() -> None:
    """A block that ends in time is not cut, and keeps its own error."""
    cut = Mock()

    with deadline(30, cut):
        pass
    with pytest.raises(KeyError), deadline(30, cut):
        raise KeyError

    cut.assert_not_called()


def test_a_block_that_is_cut_off_at_its_end_is_late_as_well() -> None:
    """A block that ends after the cut raises TimeoutError: the connection is unusable."""
    cut = threading.Event()

    with pytest.raises(TimeoutError), deadline(0.01, cut.set):
        assert cut.wait(30)


def test_bindings_that_are_lost_are_made_again(
    publisher: BatchPublisher, memory_app: Celery
) -> None:
    """After the broker lost its bindings, the next batch declares them and arrives."""
    publisher.publish([outgoing()])
    Transport.global_state.clear()

    published = publisher.publish([event := outgoing()])

    assert list(published.confirmed) == [event.key]
    assert queued(memory_app) == ["{}", "{}"]


def queued(app: Celery) -> Sequence[str]:
    """Return the payloads on the queue of the first listener."""
    with app.connection_for_read() as connection:
        channel: Any = connection.channel()
        get = iter(lambda: channel.basic_get("eventstream.first", no_ack=True), None)
        return [message.decode()[1]["message"]["payload"] for message in get]
