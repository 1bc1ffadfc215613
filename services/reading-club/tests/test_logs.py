"""The format of log records: one line each, with extra fields."""

import logging

import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.logs import FORMAT, FieldFormatter
from reading_club.eventstream.errors import StorageUnavailable


def line_of(
    message: str, *args: object, name: str = "reading_club.service.relay", **fields: object
) -> str:
    """Return a formatted record without its time and level."""
    record = logging.makeLogRecord(
        {"name": name, "levelname": "WARNING", "msg": message, "args": args, **fields}
    )
    return FieldFormatter(FORMAT).format(record).partition(" WARNING ")[2]


def test_fields_are_printed_behind_the_message() -> None:
    """Fields keep their order; values with spaces are quoted."""
    line = line_of("a queue is refused", queue="eventstream.activity", reason="it is full", tries=3)

    assert line == (
        "reading_club.service.relay: a queue is refused "
        "queue=eventstream.activity reason='it is full' tries=3"
    )


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x1b[31mb", "a\u2028b", "a\u202eb"])
def test_what_is_logged_stays_on_its_line(text: str) -> None:
    """Line breaks and control characters in fields and messages are escaped."""
    line = line_of("it said %s", text, error=text)

    assert line.isprintable()
    assert line.count("a") >= 2


@pytest.mark.parametrize(("value", "printed"), [("", "''"), ("a=b", "'a=b'"), (None, "None")])
def test_a_field_is_read_back_as_it_was(value: object, printed: str) -> None:
    """A value that is empty or has ``=`` is quoted."""
    assert line_of("it", error=value).endswith(f" error={printed}")


def test_a_long_field_is_cut() -> None:
    """A long value is cut off."""
    assert len(line_of("it", error="x" * 10_000)) < 400


def test_fields_of_libraries_are_left_out() -> None:
    """Extra fields of other loggers, such as uvicorn's ``color_message``, are not printed."""
    assert line_of("started", name="uvicorn.error", color_message="x") == "uvicorn.error: started"


def test_a_bug_keeps_its_traceback() -> None:
    """The traceback follows below the line with the fields."""
    with pytest.raises(ValueError, match="invalid literal") as raised:
        int("x")

    line = line_of("a bug", exc_info=(raised.type, raised.value, raised.tb), queue="q")

    assert "a bug queue=q\nTraceback" in line


def test_a_request_that_has_to_wait_is_one_line(
    client: TestClient,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The response with 503 and one log record name the reason, without a traceback."""

    def read_only() -> None:
        raise StorageUnavailable("the database is read-only") from OSError("secret")

    monkeypatch.setattr(application, "reader", read_only)

    answer = client.get("/api/books")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == "the database is read-only"
    (record,) = [r for r in caplog.records if r.name.startswith(("reading_club", "uvicorn"))]
    line = FieldFormatter(FORMAT).format(record)
    assert "reason='the database is read-only'" in line
    assert "path=/api/books" in line
    assert "secret" not in line
    assert "\n" not in line
