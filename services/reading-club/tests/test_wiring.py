"""The start of each process is refused if the club is wired wrongly, in one sentence."""

from typing import Any

import pytest
from click.testing import CliRunner

from reading_club.app import wiring
from reading_club.app.cli import main
from reading_club.domain.messages import COMMANDS, EVENTS, BookRegisteredV2, ClubCommand
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wiring import WiringError
from reading_club.service import bus
from reading_club.service.subscribers import SUBSCRIBERS

PROCESSES = ("web", "relay", "worker", "run")


class BurnBook(ClubCommand):
    """A command without a handler."""


@pytest.mark.parametrize("process", PROCESSES)
def test_a_command_without_a_handler_stops_the_start(
    process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and one sentence that names the command and says what to do."""
    monkeypatch.setattr(bus, "COMMANDS", (*COMMANDS, BurnBook))

    result = CliRunner().invoke(main, [process])

    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "the command BurnBook has no handler: write one" in line


@pytest.mark.parametrize("process", PROCESSES)
def test_a_subscriber_without_handlers_stops_the_start(
    process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and one sentence that names the subscriber."""
    lonely = Subscriber[Any, Any]("lonely")
    monkeypatch.setattr(wiring, "SUBSCRIBERS", (*SUBSCRIBERS, lonely))

    result = CliRunner().invoke(main, [process])

    assert result.exit_code == 2
    assert "the subscriber lonely has no handlers: decorate" in result.stderr


def test_an_event_that_is_not_known_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler of an event that is missing in EVENTS is named by its type."""
    known = [event for event in EVENTS if event is not BookRegisteredV2]
    monkeypatch.setattr(wiring, "EVENTS", known)

    with pytest.raises(WiringError, match=r"handles book_registered_v2, .* cannot read"):
        wiring.require_wiring()


def test_the_club_is_wired_well() -> None:
    """Every command and subscriber has its handlers, and knows the newest versions."""
    wiring.require_wiring()

    described = wiring.describe_club()

    assert all(command.handler for command in described.commands)
    assert [each.outdated for each in described.subscribers] == [{} for _ in SUBSCRIBERS]
