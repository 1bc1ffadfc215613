"""The commands on dead letters, on a command line of one's own."""

import json

import pytest

from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.testing.dead_letters_command_line import DeadLettersCommandLine


def test_a_program_lists_shows_and_retries_its_dead_letters(shop: DeadLettersCommandLine) -> None:
    """The group needs a factory of units of work, and nothing of the club."""
    (letter,) = shop.add(1, "KeyError: \x1b[31m", subscriber="parcels")

    (listed,) = json.loads(shop.call("list", "--json").output)
    line = shop.call("list").output
    shown = DeadLetter.model_validate_json(shop.call("show", str(letter.message_id)).output)
    retried = shop.call("retry", "--subscriber", "parcels")

    assert listed["message_id"] == str(letter.message_id)
    assert "\x1b" not in line
    assert shown == letter
    assert "1 dead letter sent again" in retried.output
    assert [key.subscriber for key in shop.database.outbox] == ["parcels"]


def test_a_dry_run_changes_nothing_of_a_program(shop: DeadLettersCommandLine) -> None:
    """What would be discarded is told, and stays."""
    shop.add(1, "KeyError")

    assert "1 dead letter would be discarded" in shop.call("discard", "--all", "--dry-run").output
    assert len(shop.database.dead_letters) == 1


@pytest.mark.parametrize("arguments", [("retry",), ("discard",), ("show", "--error", "none")])
def test_a_command_that_selects_nothing_fails(
    shop: DeadLettersCommandLine, arguments: tuple[str, ...]
) -> None:
    """The exit code is 2, with a line on standard error, and nothing changes."""
    shop.add(1, "KeyError")

    failed = shop.call(*arguments)

    assert failed.exit_code == 2
    assert "dead letters" in failed.stderr
    assert len(shop.database.dead_letters) == 1


def test_what_utf8_has_not_is_shown_in_ascii(shop: DeadLettersCommandLine) -> None:
    """A lone surrogate in an envelope hides neither its dead letter nor others."""
    shop.add(1, "KeyError", envelope={"text": "\ud800"})
    shop.add(1, "ValueError")

    shown = shop.call("show", "--subscriber", "activity")

    assert shown.exit_code == 0
    assert "\\ud800" in shown.output
    assert "ValueError" in shown.output
