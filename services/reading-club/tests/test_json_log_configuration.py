"""The log for programs, once it is configured: whatever a process says is a JSON line."""

import json
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from reading_club.app import logs
from reading_club.app.logs import uncaught
from reading_club.app.supervision.supervisor import reason_in


def configured(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Configure the log for programs, and return what reads its lines."""
    logs.configure("INFO", "json", "relay")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_libraries_and_warnings_are_lines_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Uvicorn, Celery, SQLAlchemy, asyncio and Python's warnings have the same format."""
    said = configured(capsys)
    names = ["uvicorn.error", "celery.apps.worker", "sqlalchemy.pool", "asyncio", "py.warnings"]

    for name in names:
        logging.getLogger(name).warning("it says\n%s", name)

    lines = said()
    assert [line["logger"] for line in lines] == names
    assert {line["role"] for line in lines} == {"relay"}


def test_uncaught_exceptions_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the main thread, of another one, and of a destructor."""
    said = configured(capsys)

    class Faulty:
        def __del__(self) -> None:
            raise ZeroDivisionError("a destructor")

    def fail() -> None:
        raise ZeroDivisionError("a thread")

    error = ZeroDivisionError("the main thread")
    sys.excepthook(ZeroDivisionError, error, None)
    thread = threading.Thread(target=fail, name="faulty")
    thread.start()
    thread.join()
    Faulty()

    lines = said()
    ends = [line["exception"].rpartition(": ")[2] for line in lines]
    assert ends == ["the main thread", "a thread", "a destructor"]
    assert lines[1]["thread_name"] == "faulty"
    assert {line["logger"] for line in lines} == {uncaught.__name__}


def test_a_thread_that_exits_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    """SystemExit ends a thread without a word, and Ctrl-C is no failure of the program."""
    said = configured(capsys)
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()

    assert said() == []


def test_why_a_process_ends_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong setting is told in the format of the log, and the owner of the process reads it."""
    said = configured(capsys)
    assert logs.report_failure("READING_CLUB_PORT: wrong")

    (line,) = said()
    assert line["event"] == "READING_CLUB_PORT: wrong"
    assert reason_in(json.dumps(line)) == "READING_CLUB_PORT: wrong"
    assert reason_in("reading-club: a reason") == "a reason"
    logs.configure("INFO")
    assert not logs.report_failure("told in text by the command")
