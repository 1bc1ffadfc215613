"""The commands ``reading-club events``."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lastuuid import uuid7

from reading_club.app.bootstrap.database import background_unit_of_work, open_engine
from reading_club.app.cli import main
from reading_club.app.settings import Settings
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.testing.builders import an_event


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["events", *arguments])


@pytest.fixture
def event(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> BookRegistered:
    """A stored event that a subscriber could not handle at the first attempt."""
    assert data_dir.exists()
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    event = an_event()

    async def store() -> None:
        async with open_engine(Settings()) as engine:
            async with background_unit_of_work(engine) as work:
                await work.uow.messagestore.add(event)
                await work.commit()
            async with background_unit_of_work(engine) as work:
                key = InboxKey("catalogue", event.message_id)
                await work.uow.subscriptions.subscribe("catalogue", ["book_registered_v1"])
                await work.uow.failures.record(key, 1, "KeyError: no")
                await work.uow.inbox.insert_new(key)
                await work.commit()

    asyncio.run(store())
    return event


def test_an_event_is_listed_and_shown(event: BookRegistered) -> None:
    """``list`` has its id, and ``show`` its steps; neither has its title."""
    listed = call("list", "--since", "1h", "--type", "book_registered_v1")
    shown = call("show", str(event.message_id))
    life = json.loads(call("show", str(event.message_id), "--json").output)

    assert (listed.exit_code, shown.exit_code) == (0, 0)
    assert str(event.message_id) in listed.output
    assert "attempt 1: KeyError: no" in shown.output
    assert [step["kind"] for step in life["steps"]][-2:] == ["failed attempt", "handled"]
    assert event.title not in listed.output + shown.output


def test_an_unknown_event_ends_with_one_line(event: BookRegistered) -> None:
    """The exit code is 2, and the line is on standard error."""
    unknown = call("show", str(uuid7()))

    assert event.title not in unknown.stderr
    assert unknown.exit_code == 2
    assert "the history has no message" in unknown.stderr
    assert unknown.output == unknown.stderr


def test_what_is_no_time_ends_with_2(event: BookRegistered) -> None:
    """A wrong time is told with an example."""
    wrong = call("list", "--since", "yesterday")

    assert event.title not in wrong.stderr
    assert wrong.exit_code == 2
    assert "2026-01-31T12:00" in wrong.stderr
