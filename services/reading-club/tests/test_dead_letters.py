"""The commands ``reading-club dead-letters``."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from lastuuid import uuid7
from sqlalchemy import select

from reading_club.adapters.uow_sqla import orm
from reading_club.app.bootstrap.database import background_unit_of_work, open_engine
from reading_club.app.cli import main
from reading_club.app.settings import Settings
from reading_club.app.testing.dead_letters import a_dead_letter
from reading_club.eventstream.ports.dead_letters import DeadLetter


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> list[DeadLetter]:
    """Three stored dead letters; the last one contains no event."""
    assert data_dir.exists()
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    letters = [
        a_dead_letter(),
        a_dead_letter("catalogue", "ZeroDivisionError: 100% of nothing"),
        a_dead_letter(envelope={"garbage": True}, error="UnreadableMessage: \x1b[31mred"),
    ]

    async def store() -> None:
        async with open_engine(Settings()) as engine, background_unit_of_work(engine) as work:
            for letter in letters:
                await work.uow.dead_letters.add(letter)
            await work.commit()

    asyncio.run(store())
    return letters


def rows(table: str) -> list[dict[str, Any]]:
    """Return the rows of a table."""

    async def read() -> list[dict[str, Any]]:
        async with open_engine(Settings()) as engine, engine.connect() as connection:
            found = await connection.execute(select(orm.metadata.tables[table]))
            return [dict(row) for row in found.mappings()]

    return asyncio.run(read())


def ids(table: str) -> set[UUID]:
    """Return the message ids in a table."""
    return {row["message_id"] for row in rows(table)}


def test_letters_are_listed_without_what_they_say(letters: list[DeadLetter]) -> None:
    """``list`` prints a line for each, or JSON, without envelopes and control characters."""
    output = call("dead-letters", "list").output
    listed = json.loads(call("dead-letters", "list", "--json").output)

    assert all(str(letter.message_id) in output for letter in letters)
    assert "\x1b" not in output
    assert "payload" not in output
    assert {UUID(row["message_id"]) for row in listed} == ids("dead_letters")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--subscriber", "catalogue"], {1}),
        (["--error", "0% of"], {1}),
        (["--subscriber", "activity", "--error", "Key"], {0}),
        (["--subscriber", "nobody"], set()),
    ],
)
def test_letters_are_found(
    letters: list[DeadLetter], options: list[str], expected: set[int]
) -> None:
    """``list`` filters by subscriber and by a substring of the error, in which ``%`` is literal."""
    listed = json.loads(call("dead-letters", "list", "--json", *options).output)

    assert {row["message_id"] for row in listed} == {str(letters[i].message_id) for i in expected}


def test_a_letter_is_shown_whole(letters: list[DeadLetter]) -> None:
    """``show`` prints the dead letter with its envelope; an unknown id exits with 2."""
    shown = call("dead-letters", "show", str(letters[0].message_id))
    unknown = call("dead-letters", "show", str(uuid7()))

    assert DeadLetter.model_validate_json(shown.output) == letters[0]
    assert unknown.exit_code == 2


def test_a_letter_is_sent_again(letters: list[DeadLetter]) -> None:
    """``retry`` moves the dead letter to the outbox, and writes an audit row."""
    result = call("dead-letters", "retry", str(letters[1].message_id))

    assert result.exit_code == 0
    assert "1 dead letter sent again" in result.output
    (waiting,) = rows("outbox")
    assert (waiting["subscriber"], waiting["envelope"]) == ("catalogue", letters[1].envelope)
    assert letters[1].message_id not in ids("dead_letters")
    assert [row["action"] for row in rows("audit")] == ["retry"]


def test_a_dry_run_changes_nothing(letters: list[DeadLetter]) -> None:
    """``--dry-run`` prints what ``retry`` and ``discard`` would do, and changes no table."""
    for action in ("retry", "discard"):
        assert "would be" in call("dead-letters", action, "--all", "--dry-run").output

    assert ids("dead_letters") == {letter.message_id for letter in letters}
    assert rows("outbox") == rows("audit") == rows("inbox") == []


def test_what_is_no_event_stays(letters: list[DeadLetter]) -> None:
    """``retry`` reports and keeps a dead letter without an event; ``discard`` removes it."""
    retried = call("dead-letters", "retry", "--all")

    assert "2 dead letters sent again" in retried.output
    assert "1 of them cannot be sent" in retried.stderr
    assert ids("dead_letters") == {letters[2].message_id}
    assert "1 dead letter discarded" in call("dead-letters", "discard", "--all").output
    assert ids("dead_letters") == set()
    assert ids("inbox") == {letters[2].message_id}


@pytest.mark.parametrize("action", ["retry", "discard"])
def test_everything_has_to_be_asked_for(letters: list[DeadLetter], action: str) -> None:
    """``retry`` and ``discard`` without filter or ``--all`` exit with 2 and change nothing."""
    result = call("dead-letters", action)

    assert result.exit_code == 2
    assert "--all" in result.stderr
    assert ids("dead_letters") == {letter.message_id for letter in letters}
