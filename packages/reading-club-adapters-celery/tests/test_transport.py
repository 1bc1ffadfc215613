"""The transport's call of Celery, and its errors."""

from typing import Any

import pytest
from amqp.exceptions import AccessRefused, ChannelError, MessageNacked
from kombu.exceptions import (
    DecodeError,
    EncodeError,
    InconsistencyError,
    LimitExceeded,
    OperationalError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from reading_club.adapters.eventstream.transport import EventstreamTransport
from reading_club.eventstream.errors import EventstreamUnavailable, TransientFailure

MESSAGE = {"id": "1", "created_at": "now", "type": "book_registered_v1", "payload": "{}"}


class Recorder:
    """Records each call, and raises ``error`` if there is one."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.error = error

    def send_task(self, *args: Any, **kwargs: Any) -> None:
        """Record the call."""
        self.calls.append((args, kwargs))
        if self.error is not None:
            raise self.error


async def test_the_transport_sends_one_task_with_one_keyword() -> None:
    """The call has the task's name and one keyword; all else is configuration."""
    recorder = Recorder()

    await EventstreamTransport(recorder).send_message_serialized(MESSAGE)

    assert recorder.calls == [(("send_message",), {"kwargs": {"message": MESSAGE}})]
    assert type(recorder.calls[0][1]["kwargs"]["message"]) is dict


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("away"),
        InconsistencyError("no table"),
        LimitExceeded(8),
        ChannelError("NO_ROUTE"),
        AccessRefused("login"),
        MessageNacked(),
        ConnectionRefusedError(),
        TimeoutError(),
        OSError("network"),
        RedisConnectionError("away"),
        ResponseError("OOM"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_broker_that_fails_is_transient(error: Exception) -> None:
    """Errors of the broker and its driver are a TransientFailure: send the event again."""
    transport = EventstreamTransport(Recorder(error), timeout=0.5)

    with pytest.raises(EventstreamUnavailable) as caught:
        await transport.send_message_serialized(MESSAGE)

    assert type(caught.value.__cause__) is type(error)
    assert isinstance(caught.value, TransientFailure)


@pytest.mark.parametrize("error", [EncodeError("set"), DecodeError(), TypeError(), KeyError("x")])
async def test_a_bug_stays_a_bug(error: Exception) -> None:
    """An error that would recur each time, such as of encoding, is raised unchanged."""
    with pytest.raises(type(error)):
        await EventstreamTransport(Recorder(error)).send_message_serialized(MESSAGE)


class RefusedAtFirst(Recorder):
    """Answers with nacks as kombu raises them, then takes the message."""

    def __init__(self, nacks: int) -> None:
        super().__init__()
        self.nacks = nacks

    def send_task(self, *args: Any, **kwargs: Any) -> None:
        """Record the call; refuse it while there are nacks left."""
        super().send_task(*args, **kwargs)
        if len(self.calls) <= self.nacks:
            raise OperationalError from MessageNacked()


async def test_a_nack_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new quorum queue without a leader refuses messages: they are sent again in time."""
    monkeypatch.setattr("reading_club.adapters.eventstream.transport.NACK_PAUSE", 0)
    sender = RefusedAtFirst(nacks=2)

    await EventstreamTransport(sender).send_message_serialized(MESSAGE)

    assert len(sender.calls) == 3
    assert all(call == sender.calls[0] for call in sender.calls)
