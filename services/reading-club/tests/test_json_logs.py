"""The log for programs: one JSON object a line, with the ids of the message or request at work."""

import json
import logging
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from reading_club.app.logs import FORMAT, FieldFormatter
from reading_club.app.logs.json_lines import LONGEST_TEXT, JSONFormatter
from reading_club.eventstream.context import MessageContext, using

REQUEST, MESSAGE = UUID(int=1), UUID(int=2)
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OURS = "reading_club.eventstream.dead_letters.writer"
HANDLED = MessageContext(REQUEST, MESSAGE, f"00-{TRACE}-{SPAN}-01")


def record_of(text: str, *args: object, name: str = OURS, **fields: object) -> logging.LogRecord:
    """Return a record of a logger."""
    made: dict[str, Any] = {"name": name, "levelname": "WARNING", "levelno": 30}
    return logging.makeLogRecord({**made, "msg": text, "args": args, **fields})


def fields_of(record: logging.LogRecord, role: str | None = None) -> dict[str, Any]:
    """Return the object of a record's line."""
    line = JSONFormatter(role).format(record)
    assert line.isascii()
    assert "\n" not in line
    fields: dict[str, Any] = json.loads(line)
    return fields


def failed() -> logging.LogRecord:
    """Return the record of an exception."""
    with pytest.raises(ZeroDivisionError) as raised:
        _ = 1 / 0
    trace = (raised.type, raised.value, raised.tb)
    return record_of("handling failed", exc_info=trace)


def test_a_line_is_an_object_with_all_fields() -> None:
    """Time, level, logger, event and role, then what was passed, as numbers where it was one."""
    record = record_of("handling %s", "failed", subscriber="activity", attempt=2, seconds=0.5)

    fields = fields_of(record, "worker activity")

    timestamp = datetime.fromisoformat(fields.pop("timestamp"))
    assert timestamp.tzinfo == UTC
    assert timestamp.timestamp() == pytest.approx(record.created, abs=0.001)
    assert fields == {
        "level": "warning",
        "logger": OURS,
        "event": "handling failed",
        "role": "worker activity",
        "subscriber": "activity",
        "attempt": 2,
        "seconds": 0.5,
    }


def test_a_line_in_a_message_has_its_ids() -> None:
    """Correlation, causation and trace are there although the logger did not pass them."""
    with using(HANDLED):
        fields = fields_of(record_of("a line"))

    assert fields["correlation_id"] == str(REQUEST)
    assert fields["causation_id"] == str(MESSAGE)
    assert (fields["trace_id"], fields["span_id"]) == (TRACE, SPAN)
    assert not {"correlation_id", "causation_id", "trace_id"} & fields_of(record_of("after")).keys()


def test_ids_of_a_line_without_a_span_are_left_out() -> None:
    """A message without a trace has the two ids alone."""
    with using(MessageContext(REQUEST)):
        fields = fields_of(record_of("a line"))

    assert fields["correlation_id"] == str(REQUEST)
    assert not {"causation_id", "trace_id", "span_id", "traceparent"} & fields.keys()


def test_text_has_the_correlation_id_alone() -> None:
    """A person follows a request through the logs; traces are for programs."""
    with using(HANDLED):
        line = FieldFormatter(FORMAT).format(record_of("a line", attempt=1))
        other = FieldFormatter(FORMAT).format(record_of("a line", name="uvicorn.error"))

    assert line.endswith(f"a line attempt=1 correlation_id={REQUEST}")
    assert other.endswith("a line")


def test_a_traceback_is_a_field() -> None:
    """It is a text with its lines, on the line of its record."""
    fields = fields_of(failed())

    assert fields["exception"].startswith("Traceback (most recent call last)")
    assert fields["exception"].endswith("\nZeroDivisionError: division by zero")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), ["a"], {"a": 1}, UUID(int=3)])
def test_other_values_are_text(value: object) -> None:
    """What JSON does not know, and what would be nested, is written as text."""
    assert fields_of(record_of("a line", value=value))["value"] == str(value)


def test_long_texts_are_bounded() -> None:
    """A long value is cut off; of a long message or traceback the two ends are kept."""
    fields = fields_of(record_of("begin" + "x" * 100_000 + "end", reason="y" * 10_000))

    assert len(fields["reason"]) < 400
    assert len(fields["event"]) < LONGEST_TEXT + 10
    assert (fields["event"][:5], fields["event"][-3:]) == ("begin", "end")


def test_what_is_passed_replaces_no_field_of_every_line() -> None:
    """A program that collects lines finds time, level and event where it looks for them."""
    fields = fields_of(record_of("a line", event="other", level="other", role="other"), "web")

    assert (fields["event"], fields["level"], fields["role"]) == ("a line", "warning", "web")


def test_fields_of_libraries_are_left_out() -> None:
    """Celery passes arguments of tasks, and uvicorn coloured texts."""
    fields = fields_of(record_of("received", name="celery.worker", data={"args": "hunter2"}))

    assert "hunter2" not in str(fields)
    assert fields["logger"] == "celery.worker"


def test_a_line_break_of_any_kind_is_escaped() -> None:
    """Neither message nor fields nor traceback end the line."""
    text = "a\nb\r\u2028\x1b[31m"

    assert fields_of(record_of(text, reason=text))["reason"] == text
