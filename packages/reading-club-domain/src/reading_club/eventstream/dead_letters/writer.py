"""Makes dead letters of any messages, valid or not, stores them, and logs messages by their ids."""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from opentelemetry.trace import get_current_span

from reading_club.eventstream.errors import TransientFailure, UnknownEvent, UnreadableMessage
from reading_club.eventstream.inbox.attempt_policy import Delivery
from reading_club.eventstream.ports.dead_letters import RELAY, DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxMessage
from reading_club.eventstream.tracing import mark_failed
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory

logger = logging.getLogger(__name__)

_LONGEST_ERROR: Final = 2000
_LONGEST_TYPE: Final = 200


class DeadLetterWriter:
    """Stores the dead letters of one subscriber."""

    def __init__(
        self,
        subscriber: str,
        limit: int,
        clock: Callable[[], datetime],
        metrics: StreamMetrics = NO_METRICS,
    ) -> None:
        self._metrics = metrics
        self._subscriber = subscriber
        self._limit = limit
        self._clock = clock

    async def give_up(
        self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory
    ) -> None:
        """Log a message, and store its dead letter. Raises the storage's errors."""
        trace = not isinstance(error, UnreadableMessage)
        attempt = min(delivery.number, self._limit)
        text = "message set aside"
        self.log(logging.ERROR, text, delivery.message, error, trace=trace, attempt=attempt)
        await self.set_aside(delivery, error, make_uow)

    async def set_aside(
        self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory
    ) -> None:
        """Store a dead letter, as text if JSON is refused. Raises the storage's errors."""
        letter = self._letter(delivery.message, error, min(delivery.number, self._limit))
        try:
            await _keep(letter, make_uow())
        except TransientFailure:
            raise
        except Exception as exc:  # noqa: BLE001  # such as a NUL that the database refuses
            self.log(logging.WARNING, "dead letter kept as text", delivery.message, exc, trace=True)
            text = json.dumps(letter.envelope, sort_keys=True)  # in ASCII
            await _keep(letter.model_copy(update={"envelope": text}), make_uow())
        self._metrics.dead_lettered(self._subscriber, letter.type)

    def log_failed(self, delivery: Delivery, error: Exception) -> None:
        """Log an attempt that failed, with its number; another one follows."""
        text, number = "handling failed", delivery.number
        self.log(logging.WARNING, text, delivery.message, error, trace=True, attempt=number)

    def log_split(self, error: Exception, events: int) -> None:
        """Log that a batch failed, whose events are handled one by one now."""
        fields = {"subscriber": self._subscriber, "events": events, "error": type(error).__name__}
        logger.info("a batch is taken apart", extra=fields)

    def log(
        self,
        level: int,
        text: str,
        message: object,
        exc: Exception,
        *,
        trace: bool = False,
        attempt: int = 0,
    ) -> None:
        """Log the message's ids as fields, without its content; the current span has failed.

        The reason is told of a transient failure alone: other errors may quote the content.
        ``attempt`` is the number of the attempt that failed, 0 if none was counted.
        """
        mark_failed(get_current_span(), type(exc).__name__)
        letter = self._letter(message, exc)
        fields: dict[str, Any] = {
            "subscriber": letter.subscriber,
            "message_id": str(letter.message_id),
            "message_type": letter.type,
            "error": type(exc).__name__,
        }
        if attempt:
            fields["attempt"] = attempt
        if isinstance(exc, TransientFailure):
            fields["reason"] = str(exc)
        logger.log(level, text, extra=fields, exc_info=exc if trace else None)

    def _letter(self, message: object, error: Exception, attempts: int = 0) -> DeadLetter:
        """Return a dead letter of any message, without raising."""
        text, value = _as_json(message)
        return DeadLetter(
            subscriber=self._subscriber,
            message_id=_message_id(message, text),
            type=_sanitise(_field(message, "type"), _LONGEST_TYPE),
            envelope=value,
            error=error_text(error),
            set_aside_at=self._clock(),
            attempts=attempts,
            parked=isinstance(error, UnknownEvent),
        )


async def _keep(letter: DeadLetter, uow: StreamUnitOfWork) -> None:
    async with uow as transaction:
        await uow.dead_letters.add(letter)
        await uow.inbox.forget_attempts(InboxKey(letter.subscriber, letter.message_id))
        await transaction.commit()


def build_unsendable(event: OutboxMessage, error: str, now: datetime) -> DeadLetter:
    """Return the dead letter of an event that the broker has refused too often."""
    subscriber = event.key.subscriber
    return DeadLetter(
        subscriber=RELAY if subscriber == ALL_SUBSCRIBERS else subscriber,
        message_id=event.key.message_id,
        type=str(event.envelope.get("type", "")),
        envelope=event.envelope,
        error=error,
        set_aside_at=now,
        attempts=event.attempts + 1,
    )


def error_text(error: Exception) -> str:
    """Return class and text of an error, bounded, as every database stores it."""
    return _sanitise(f"{type(error).__name__}: {error}", _LONGEST_ERROR)


def _as_json(message: object) -> tuple[str, Any]:
    """Return the message as canonical JSON text in ASCII, and the decoded value.

    Values that JSON does not know become strings. If a string has a lone surrogate, the value is
    the text.
    """
    try:
        text = json.dumps(message, sort_keys=True, separators=(",", ":"), default=str)
        value = json.loads(text, parse_constant=str)
    except (TypeError, ValueError, RecursionError):
        text = value = f"a {type(message).__name__} that is not JSON"
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return text, text
    return text, value


def _message_id(message: object, text: str) -> UUID:
    try:
        return UUID(_field(message, "id"))
    except ValueError:
        return uuid5(NAMESPACE_URL, text)


def _field(message: object, name: str) -> str:
    value: Any = message.get(name) if isinstance(message, dict) else None
    return value if isinstance(value, str) else ""


def _sanitise(text: str, longest: int) -> str:
    """Return text that every database stores: NUL and lone surrogates escaped, length bounded."""
    clean = text[:longest].encode("utf-8", "backslashreplace").decode("utf-8")
    return clean.replace("\x00", "\\x00")
