"""The command ``reading-club rebuild``, on a file of SQLite."""

import json
import re
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.app.cli import main
from reading_club.app.testing.database_file import NOW, rows
from reading_club.service.projections import catalogue

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "rebuild-a-projection.md"
CONSOLE = re.compile(r"^```console\n\$ reading-club (.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def path(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database file of the environment, with a worker that was started once."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    file = data_dir / "club.sqlite3"
    for type_ in catalogue.types:
        insert = "INSERT INTO subscriptions (subscriber, type, since) VALUES ('catalogue', ?, "
        rows(file, insert + f"{NOW.format(-9)})", type_)
    return file


def register(path: Path, number: int, *, payload: str = "") -> Sequence[str]:
    """Store books in the history and, with a wrong title, in the catalogue; return their ids."""
    ids = [uuid.uuid4() for _ in range(number)]
    for id_ in ids:
        book = {"id": str(id_), "isbn": "9780321125217", "title": "right", "author": "A"}
        rows(
            path,
            "INSERT INTO messages (id, created_at, recorded_at, type, metadata, payload) VALUES "
            f"(?, {NOW.format(-9)}, {NOW.format(-9)}, 'book_registered_v1', '{{}}', ?)",
            uuid.uuid4().hex,
            payload or json.dumps(book),
        )
        insert = "INSERT INTO catalogue (book_id, title, author, isbn) VALUES "
        rows(path, f"{insert} (?, 'wrong', 'A', '9780321125217')", id_.hex)
    return [id_.hex for id_ in ids]


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def test_the_rows_are_built_anew_from_the_history(path: Path) -> None:
    """The command tells how many events there are, and what it has deleted."""
    ids = register(path, 3)

    rebuilt = call("rebuild", "catalogue")

    assert rebuilt.exit_code == 0, rebuilt.output
    assert "3 events" in rebuilt.output
    assert rebuilt.output.endswith(
        "catalogue was rebuilt, and the new rows are shown\n3 old rows deleted\n"
    )
    assert rows(path, "SELECT live, building FROM projections") == [(1, None)]
    found = rows(path, "SELECT generation, book_id, title FROM catalogue_rebuilt")
    assert sorted(found) == sorted((1, id_, "right") for id_ in ids)
    assert rows(path, "SELECT * FROM catalogue") == []


def test_an_event_that_fails_is_named(path: Path) -> None:
    """The status shows the unfinished rebuild, which goes on, or is cancelled."""
    register(path, 2)
    register(path, 1, payload="{}")

    failed = call("rebuild", "catalogue")

    assert failed.exit_code == 2
    assert "cannot be handled: UnreadableMessage. The old rows are shown" in failed.stderr
    status = json.loads(call("status", "--json").stdout)
    assert [(each["name"], each["share"]) for each in status["rebuilds"]] == [("catalogue", 2 / 3)]
    assert "rebuild   catalogue since " in call("status").output
    assert call("rebuild", "catalogue", "--cancel").output == (
        "the rebuild of catalogue was cancelled: its old rows are shown as before\n"
    )
    assert rows(path, "SELECT count(*) FROM catalogue_rebuilt") == [(0,)]
    again = call("rebuild", "catalogue", "--leave-out")
    assert again.exit_code == 0
    assert "left out: the event " in again.stderr
    assert rows(path, "SELECT count(*) FROM catalogue_rebuilt") == [(2,)]


def test_a_short_history_is_refused(path: Path) -> None:
    """The sentence says what is gone, and what to do; nothing was begun."""
    register(path, 1)
    rows(path, f"INSERT INTO history_deletions VALUES ('book_registered_v1', {NOW.format(0)})")

    refused = call("rebuild", "catalogue")

    assert refused.exit_code == 2
    assert "messages of the type book_registered_v1 were deleted" in refused.stderr
    assert rows(path, "SELECT building FROM projections") in ([], [(None,)])


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("nothing",), "'nothing' is not one of 'activity', 'catalogue'"),
        (("activity",), "activity is not subscribed to book_corrected_v1 yet: start its worker"),
        (("catalogue", "--cancel"), "there is no unfinished rebuild of catalogue"),
    ],
)
def test_what_cannot_be_rebuilt_is_refused(arguments: Sequence[str], error: str) -> None:
    """Exit code 2, and a line that says why."""
    refused = call("rebuild", *arguments)

    assert refused.exit_code == 2
    assert error in refused.stderr


def test_the_page_shows_what_the_commands_print(path: Path) -> None:
    """Each command of the page is called, the second with a rebuild that was interrupted."""
    register(path, 2)
    interrupt = (
        "UPDATE projections SET building = 2, newest = 2, position = 1, until = 2, "
        f"started_at = {NOW.format(-9)}"
    )
    shown = CONSOLE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(shown) == 3

    for command, expected in shown:
        if command == "status":
            rows(path, interrupt)
        printed = call(*command.split()).output
        pattern = re.escape(expected).replace("…", ".*")
        assert re.fullmatch(pattern, printed, re.DOTALL), printed
