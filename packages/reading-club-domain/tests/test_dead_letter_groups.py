"""Decisions on dead letters that failed in the same way, by the name of their group."""

import json

import pytest

from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.testing.dead_letters_command_line import DeadLettersCommandLine

BURNED, LOST = "activity/parcel_burned_v1/KeyError", "activity/parcel_burned_v1/ValueError"


def test_groups_are_listed_by_their_size(shop: DeadLettersCommandLine) -> None:
    """A line has number, times and name; JSON has them as fields."""
    shop.add(2, "KeyError")
    shop.add(4, "ValueError")
    shop.add(1, "UnknownEvent", parked=True)

    lines = shop.call("list", "--groups").output.splitlines()
    rows = json.loads(shop.call("list", "--groups", "--json").output)

    assert [row["name"] for row in rows][:2] == [LOST, BURNED]
    assert [row["count"] for row in rows] == [4, 2, 1]
    assert lines[0].split()[0] == "4"
    assert lines[0].endswith(LOST)
    assert lines[2].endswith("UnknownEvent  (parked)")
    assert (
        json.loads(shop.call("list", "--groups", "--group", BURNED, "--json").output) == rows[1:2]
    )


def test_a_group_may_be_narrowed(shop: DeadLettersCommandLine) -> None:
    """The other options select dead letters within the group."""
    shop.add(3, "KeyError")

    shown = shop.call("show", "--group", BURNED, "--error", "KeyError: 1")

    assert DeadLetter.model_validate_json(shown.output).error == "KeyError: 1"


def test_parked_ones_are_a_part_of_their_name(shop: DeadLettersCommandLine) -> None:
    """A name is of the parked dead letters and of the others."""
    shop.add(2, "KeyError")
    shop.add(3, "KeyError", parked=True)

    assert "5 dead letters discarded" in shop.call("discard", "--group", BURNED).output


def test_a_name_is_taken_as_it_is_shown(shop: DeadLettersCommandLine) -> None:
    """A group with control characters in its name is found by what the terminal shows."""
    shop.add(1, "\x1b[31m")
    (line,) = shop.call("list", "--groups").output.splitlines()

    result = shop.call("discard", "--group", line.split("  ")[-1])

    assert "\x1b" not in line
    assert "1 dead letter discarded" in result.output


@pytest.mark.parametrize("command", ["show", "retry", "discard"])
def test_an_unknown_group_is_an_error(shop: DeadLettersCommandLine, command: str) -> None:
    """Exit code 2 and a hint, and nothing changes."""
    shop.add(1, "KeyError")

    failed = shop.call(command, "--group", "activity/parcel_burned_v1/Key")

    assert failed.exit_code == 2
    assert "list --groups" in failed.stderr
    assert len(shop.database.dead_letters) == 1
