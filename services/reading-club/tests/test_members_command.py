"""The commands ``reading-club members``."""

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.app.cli import main

pytestmark = pytest.mark.usefixtures("data_dir")


def call(*arguments: str, said: str = "correct horse\n") -> Result:
    """Run the command in this process, with this standard input."""
    return CliRunner().invoke(main, ["members", *arguments], input=said)


def test_an_organiser_is_added_without_a_browser() -> None:
    """The password is the first line of the input, and is not shown."""
    added = call("add", "Olga", "--organiser")

    assert added.output == "Olga is in the club, as organiser\n"
    assert call("add", "Mo").exit_code == 0
    assert call("list").output == "organiser  Olga\nmember     Mo\n"


def test_the_event_of_a_new_member_is_left_to_a_relay(data_dir: Path) -> None:
    """The command sends nothing itself."""
    call("add", "Olga", "--organiser")

    with sqlite3.connect(data_dir / "club.sqlite3") as database:
        rows = database.execute("SELECT type FROM outbox JOIN messages ON id = message_id")
        assert [type_ for (type_,) in rows] == ["reviewer_created_v1"]


@pytest.mark.parametrize(
    ("nickname", "password", "error"),
    [
        ("OLGA", "correct horse", "the nickname 'OLGA' is already taken"),
        ("Mo", "short", "the password must have at least 8 characters"),
        (" ", "correct horse", "the nickname must not be empty"),
    ],
)
def test_a_refusal_names_the_field(nickname: str, password: str, error: str) -> None:
    """Exit code 2 and one line, without the password; no member is added."""
    call("add", "Olga", "--organiser")

    refused = call("add", nickname, said=password)

    assert refused.exit_code == 2
    assert refused.stderr == f"reading-club: {error}\n"
    assert call("list").output == "organiser  Olga\n"
