"""The commands ``reading-club subscribers``, on a broker in this process."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kombu.transport.memory import Channel

from reading_club.app.cli import main
from reading_club.app.testing.database_file import TYPE, in_outbox, publish, rows


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty broker in memory, and no pause before a queue is deleted."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    monkeypatch.setattr("reading_club.eventstream.outside.FORGET", 0.0)
    Channel.queues.clear()
    yield
    Channel.queues.clear()


@pytest.fixture
def path(data_dir: Path) -> Path:
    """The database file of the environment."""
    return data_dir / "club.sqlite3"


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def test_a_program_is_added_listed_and_removed(path: Path) -> None:
    """Its queue is on the broker, and gone in the end with its rows; types may follow later."""
    added = call("subscribers", "add", "digest", TYPE)
    assert call("subscribers", "add", "digest", "review_created_v1").exit_code == 0
    listed = call("subscribers", "list").output.splitlines()

    assert added.output == f"digest gets {TYPE} from the queue eventstream.digest\n"
    assert "eventstream.digest" in Channel.queues
    assert [line.split()[:2] for line in listed[:4]] == [
        ["activity", "club"],
        ["catalogue", "club"],
        ["imports", "club"],
        ["notices", "club"],
    ]
    assert listed[4].split() == ["digest", "outside", f"{TYPE},", "review_created_v1"]

    removed = call("subscribers", "remove", "digest", "--yes")

    assert "digest gets no more events" in removed.output
    assert "eventstream.digest" not in Channel.queues
    assert rows(path, "SELECT * FROM subscriptions WHERE outside") == []


def test_a_program_of_a_later_version_alone_gets_what_is_stored_in_an_older_one(
    path: Path,
) -> None:
    """Its queue is bound to the later version; events of both have a subscription, and history."""
    event = publish(path)

    added = call("subscribers", "add", "digest", "book_registered_v2")
    replayed = call("replay", "--subscriber", "digest", "--type", "book_registered_v2")

    assert "digest gets book_registered_v2 from" in added.output
    assert rows(path, "SELECT type, delivered_as FROM subscriptions ORDER BY type") == [
        (TYPE, "book_registered_v2"),
        ("book_registered_v2", None),
    ]
    assert "1 events of the history were put on their way" in replayed.output
    assert in_outbox(path) == [("digest", event)]


@pytest.mark.parametrize("order", [1, -1], ids=["stored last", "stored first"])
def test_a_program_of_both_versions_gets_events_as_they_are_stored(path: Path, order: int) -> None:
    """Types may be added one after the other, in any order."""
    for type_ in ("book_registered_v2", TYPE)[::order]:
        assert call("subscribers", "add", "digest", type_).exit_code == 0

    assert rows(path, "SELECT type FROM subscriptions WHERE delivered_as IS NOT NULL") == []
    listed = call("subscribers", "list").output.splitlines()
    assert listed[4].split() == ["digest", "outside", f"{TYPE},", "book_registered_v2"]


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("add", "catalogue", TYPE), "catalogue is a subscriber of the club itself"),
        (("add", "Digest", TYPE), "letters a-z"),
        (("add", "digest", "book_burned_v1"), "'book_burned_v1' is not one of"),
        (("add", "digest"), "Missing argument"),
        (("remove", "catalogue", "--yes"), "catalogue is a subscriber of the club itself"),
        (("remove", "digest", "--yes"), "there is no subscriber digest outside the club"),
    ],
)
def test_what_cannot_be_added_or_removed_is_refused(arguments: tuple[str, ...], error: str) -> None:
    """Exit code 2, and neither a queue nor a subscription is made."""
    refused = call("subscribers", *arguments)

    assert refused.exit_code == 2
    assert error in refused.stderr
    assert len(call("subscribers", "list").output.splitlines()) == 4


def test_a_removal_has_to_be_confirmed(path: Path) -> None:
    """Without an answer nothing is deleted, as events may be in the queue."""
    call("subscribers", "add", "digest", TYPE)

    assert call("subscribers", "remove", "digest").exit_code == 1

    assert "eventstream.digest" in Channel.queues
    assert len(rows(path, "SELECT * FROM subscriptions WHERE outside")) == 1


def test_the_status_tells_what_waits_for_a_program(running: Path) -> None:
    """It is no culprit without receipts, and is gone after its removal."""
    call("subscribers", "add", "digest", TYPE)
    publish(running, age=-1)  # later than the subscription, whatever the clock's resolution
    assert call("replay", "--subscriber", "digest").exit_code == 0

    report = json.loads(call("status", "--json").output)
    line = "digest    outside: 1 events published, 1 wait to be sent, 0 dead letters"

    assert report["outside"] == [
        {"name": "digest", "published": 1, "waiting": 1, "dead_letters": 0, "replaying": False}
    ]
    assert line in call("status").output.splitlines()
    assert report["culprits"] == []
    call("subscribers", "remove", "digest", "--yes")
    assert json.loads(call("status", "--json").output)["outside"] == []
    assert in_outbox(running) == []
