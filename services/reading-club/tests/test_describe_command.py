"""The commands ``reading-club describe`` and ``asyncapi``, which need no server."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result
from jsonschema_rs import Draft7Validator

from reading_club.app.cli import main
from reading_club.domain.messages import COMMANDS, EVENTS
from reading_club.eventstream.wire import wire_type
from reading_club.service.subscribers import SUBSCRIBERS

CELERY: Final = Path(__file__).parents[3] / "packages" / "reading-club-adapters-celery"
SCHEMA: Final = CELERY / "tests" / "asyncapi" / "3.0.0.json"
TYPES: Final = [wire_type(event) for event in EVENTS]


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def document() -> Any:
    """Return the printed AsyncAPI document."""
    return json.loads(call("asyncapi").output)


def test_all_that_is_wired_is_described() -> None:
    """Commands, events, subscribers with their functions, queues and the exchange."""
    result = call("describe")

    assert result.exit_code == 0
    for command in COMMANDS:
        assert f"  {wire_type(command)}\n" in result.output
    for type_ in TYPES:
        assert type_ in result.output
    for subscriber in SUBSCRIBERS:
        assert f"eventstream.{subscriber.name}, of {subscriber.name}" in result.output
    assert "reading_club.service.handlers.book.register_book" in result.output
    assert "book_registered_v1, the newest version is book_registered_v2" in result.output
    assert "x-queue-type=quorum" in result.output
    assert "outdated" not in result.output


def test_programs_get_the_schemas_as_well() -> None:
    """``--json`` has all, ``--schemas`` the schema of each event by its type."""
    described = json.loads(call("describe", "--json").output)
    schemas = json.loads(call("describe", "--schemas").output)

    assert list(schemas) == TYPES
    assert schemas["book_registered_v2"]["properties"]["authors"]["type"] == "array"
    assert {each["type"]: each["payload"] for each in described["events"]} == schemas
    assert described["routing"]["exchange"] == "eventstream"
    assert {each["name"] for each in described["subscribers"]} == {s.name for s in SUBSCRIBERS}


def test_the_document_is_valid() -> None:
    """Without a broker it has no servers."""
    printed = document()

    Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(printed)
    assert set(TYPES) <= printed["channels"].keys()
    assert "servers" not in printed


def test_the_document_has_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host of the broker is in it, and neither user nor password."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "amqp://clubber:hunter2@broker.example/club")

    result = call("asyncapi")

    assert json.loads(result.output)["servers"]["broker"]["host"] == "broker.example:5672"
    assert "hunter2" not in result.output
    assert "clubber" not in result.output


def test_a_wrong_broker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unusable setting ends the command with one line, without its value."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "hunter2")

    result = call("asyncapi")

    assert result.exit_code == 2
    assert "READING_CLUB_BROKER_URL" in result.stderr
    assert "hunter2" not in result.stderr
