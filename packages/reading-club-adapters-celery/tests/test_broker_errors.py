"""Reasons of broker errors, without secrets."""

import pytest
from amqp.exceptions import AccessRefused, NotAllowed, RecoverableConnectionError
from kombu.exceptions import OperationalError
from redis.exceptions import AuthenticationError, ResponseError

from reading_club.adapters.eventstream.broker_errors import (
    BrokerBlocked,
    BrokerTooSlow,
    reason_of,
)
from reading_club.adapters.eventstream.publisher.amqp import raise_blocked


def caused_by(error: Exception, cause: Exception) -> Exception:
    """Return the error with its cause, as kombu raises it."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AccessRefused("ACCESS_REFUSED - login of 'hunter2' was refused"), "ACCESS_REFUSED"),
        (NotAllowed("NOT_ALLOWED - vhost hunter2 not found"), "NOT_ALLOWED"),
        (ResponseError("OOM command not allowed, hunter2"), "OOM"),
        (AuthenticationError("invalid password hunter2"), "AuthenticationError"),
        (RecoverableConnectionError("Socket was disconnected"), "RecoverableConnectionError"),
        (BrokerTooSlow("the broker took longer than 5 s"), "the broker took longer than 5 s"),
        (
            caused_by(OperationalError("hunter2"), ConnectionRefusedError(111, "hunter2")),
            "not reachable (ConnectionRefusedError)",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_reason_is_the_code_of_the_broker_or_the_kind_of_the_error(
    error: Exception, reason: str
) -> None:
    """The reason leaves out text that may repeat a user, an address or a password."""
    assert reason_of(error) == reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("low on memory", "the broker's memory alarm"),
        ("low on disk", "the broker's disk alarm"),
        ("low on memory & disk", "the broker's memory and disk alarm"),
        ("", "the broker's resource alarm"),
    ],
)
def test_an_alarm_is_named(said: str, reason: str) -> None:
    """The reason names the broker's memory or disk alarm."""
    with pytest.raises(BrokerBlocked) as blocked:
        raise_blocked(said)

    assert reason_of(blocked.value) == reason
