"""Traces of the service: off by default, without secrets, with clear errors."""

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from pydantic import ValidationError

from reading_club.app.application import Application
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.app.tracing import tracing
from reading_club.app.tracing_sdk import FileExporter, WithoutContent
from reading_club.app.web.application import create_app

SECRET = "hunter2-of-somebody"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of the spans."""
    return tmp_path / "spans.jsonl"


@pytest.fixture
def provider(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TracerProvider]:
    """An SDK, for this test alone, which exports into the file."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(WithoutContent(FileExporter(file))))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield provider
    provider.shutdown()


def spans(file: Path) -> list[dict[str, Any]]:
    """Return the spans in the file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("provider")
def test_a_request_is_a_span_without_its_query(application: Application, file: Path) -> None:
    """The token of a link is in no span; files and health checks have none."""
    with TestClient(create_app(application)) as client:
        for path in ("/welcome", "/healthz", "/static/club.css"):
            client.get(path, params={"token": SECRET})

    (span,) = spans(file)
    assert span["name"].startswith("GET /")
    assert span["attributes"]["url.path"] == "/welcome"
    assert "url.query" not in span["attributes"]
    assert SECRET not in file.read_text(encoding="utf-8")


def test_what_is_exported_of_an_error_is_its_class(provider: TracerProvider, file: Path) -> None:
    """Neither an event nor a status has the text of an error, recorded by us or by a library."""
    tracer = provider.get_tracer("of a library")
    with pytest.raises(RuntimeError), tracer.start_as_current_span("fails"):
        raise RuntimeError(SECRET)

    (span,) = spans(file)
    assert span["status"] == {"status_code": "ERROR"}
    assert span["events"] == []
    assert SECRET not in file.read_text(encoding="utf-8")


def test_sql_of_no_request_is_not_exported(provider: TracerProvider, file: Path) -> None:
    """Polling makes no traces; a statement of a request or a message is part of its trace."""
    tracer = provider.get_tracer("of a driver")
    statement: Any = {"name": "SELECT", "attributes": {"db.system": "postgresql"}}
    tracer.start_span(**statement).end()
    with tracer.start_as_current_span("request"):
        tracer.start_span(**statement).end()

    assert [span["name"] for span in spans(file)] == ["SELECT", "request"]


@pytest.mark.usefixtures("provider")
def test_the_file_is_private(file: Path) -> None:
    """The file of the spans has mode 0600."""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_traces_are_off_by_default() -> None:
    """Without the setting, no SDK is imported or installed."""
    before = trace.get_tracer_provider()
    with tracing(Settings(), "web"):
        assert trace.get_tracer_provider() is before


def test_a_missing_extra_is_an_error_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the setting, and what to install."""
    monkeypatch.delitem(sys.modules, "reading_club.app.tracing_sdk")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with (
        pytest.raises(ConfigurationError, match=r"READING_CLUB_TRACES .*reading-club\[tracing\]"),
        tracing(Settings(traces="otlp"), "web"),
    ):
        pytest.fail("nothing is traced")


def test_a_file_that_cannot_be_written_is_an_error_of_the_settings(tmp_path: Path) -> None:
    """The error names the setting and the reason."""
    missing = Settings(traces=f"file:{tmp_path / 'nowhere' / 'spans'}")

    with (
        pytest.raises(ConfigurationError, match=r"READING_CLUB_TRACES .*No such file"),
        tracing(missing, "web"),
    ):
        pytest.fail("nothing is traced")


def test_a_wrong_variable_of_the_sdk_is_an_error_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error says that it is one of the SDK's own variables."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")

    with (
        pytest.raises(ConfigurationError, match="a variable OTEL_"),
        tracing(Settings(traces="otlp"), "web"),
    ):
        pytest.fail("nothing is traced")


@pytest.mark.parametrize("value", ["", "on", "file:", "http://somewhere"])
def test_any_other_value_is_refused(value: str) -> None:
    """The setting takes off, otlp, and file: with a path."""
    with pytest.raises(ValidationError):
        Settings(traces=value)
