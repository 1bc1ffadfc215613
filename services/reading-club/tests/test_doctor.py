"""The command ``reading-club doctor``, on a database file and a broker in this process."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kombu.transport.memory import Channel, Transport

from reading_club.adapters.eventstream import SubscriberQueues, publisher_app
from reading_club.app.cli import main
from reading_club.app.testing.database_file import rows
from reading_club.service.projections import activity
from reading_club.service.subscribers import SUBSCRIBERS


def forget_the_broker() -> None:
    """Delete the queues and bindings of this process."""
    Channel.queues.clear()
    Transport.global_state.clear()


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A broker in memory, with the queues of the club."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    forget_the_broker()
    app = publisher_app("memory://", SUBSCRIBERS)
    for subscriber in SUBSCRIBERS:
        SubscriberQueues(app).declare(subscriber)
    yield
    app.close()
    forget_the_broker()


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def subscribed(path: Path, name: str, type_: str, *, outside: bool) -> None:
    """Store a subscription."""
    columns = "(subscriber, type, since, outside)"
    values = (name, type_, "2026-01-01 00:00:00.000000", outside)
    rows(path, f"INSERT INTO subscriptions {columns} VALUES (?, ?, ?, ?)", *values)


def found() -> list[dict[str, Any]]:
    """Return the findings, which the text has as well."""
    result = call("doctor", "--json")
    findings: list[dict[str, Any]] = json.loads(result.output)["findings"]
    assert result.exit_code == (1 if findings else 0)
    text = call("doctor").output
    assert all(each["sentence"] in text for each in findings)
    return findings


def sentences() -> str:
    """Return the sentences of all findings."""
    return "\n".join(each["sentence"] for each in found())


@pytest.mark.usefixtures("running")
def test_a_club_that_works_is_well() -> None:
    """Exit code 0, and what was looked at."""
    result = call("doctor")

    assert (result.exit_code, result.output.count("\n")) == (0, 1)
    assert result.output.startswith("all is well: looked at settings, files, database, broker")
    assert result.output.endswith("queues\n")


def test_a_club_without_a_database_is_told_to_migrate(tmp_path: Path) -> None:
    """Nothing is made for that."""
    assert "database: there is none yet: migrate: no process" in sentences()
    assert not (tmp_path / "var").exists()


@pytest.mark.usefixtures("data_dir")
def test_processes_that_do_not_run_are_named() -> None:
    """With the commands that start them."""
    text = sentences()

    assert "no relay is running: " in text
    assert "start `reading-club relay`" in text
    assert "start `reading-club worker --subscriber catalogue`" in text


@pytest.mark.usefixtures("running")
def test_a_queue_that_is_missing_is_named() -> None:
    """So is the way in which its events come back; the queue is not made."""
    forget_the_broker()

    text = sentences()

    assert "queue eventstream.activity does not exist: " in text
    assert "the reconciler sends events again" in text
    assert Channel.queues == {}


@pytest.mark.usefixtures("running")
def test_a_binding_that_is_missing_is_named() -> None:
    """By the type that the queue does not get."""
    exchange: Any = Transport.global_state.exchanges
    exchange = exchange["eventstream"]
    name, type_ = "eventstream.activity", "reviewer_erased_v1"
    exchange["table"] = [each for each in exchange["table"] if each[::2] != (type_, name)]

    (finding,) = found()

    assert finding["wrong"] == f"queue {name} is not bound to {type_}"
    assert finding["means"] == f"these events do not reach {activity.name}"


def test_subscribers_outside_with_old_and_unknown_types_are_named(running: Path) -> None:
    """An old version is one that a newer one follows; a type may be of a later release."""
    assert call("subscribers", "add", "digest", "book_registered_v1").exit_code == 0
    subscribed(running, "digest", "book_burned_v1", outside=True)

    text = sentences()

    assert "digest, outside the club, wants book_burned_v1, which this release has not" in text
    assert "digest, outside the club, knows book_registered_v1 and not book_registered_v2" in text
    assert "`reading-club subscribers add digest book_registered_v2`" in text


def test_a_subscriber_of_both_versions_is_well(running: Path) -> None:
    """It gets the newest version."""
    both = ("book_registered_v1", "book_registered_v2")
    assert call("subscribers", "add", "digest", *both).exit_code == 0

    assert found() == []
    assert running.exists()


def test_a_subscriber_that_was_removed_is_named(running: Path) -> None:
    """Its queue may still fill."""
    subscribed(running, "trends", "book_registered_v1", outside=False)

    (finding,) = found()

    assert "the database has subscriptions of trends" in finding["wrong"]
    assert "eventstream.trends" in finding["do"]


@pytest.mark.usefixtures("running")
def test_a_pause_is_named() -> None:
    """With the command that ends it; its worker is not missed."""
    call("subscribers", "pause", "activity")

    (finding,) = found()

    assert finding["wrong"].startswith("activity is paused since ")
    assert "`reading-club subscribers resume activity`" in finding["do"]


def test_processes_of_another_release_are_named(running: Path) -> None:
    """Each with its own release."""
    rows(running, "UPDATE processes SET release = '0.0.9' WHERE role = 'relay'")

    (finding,) = found()

    assert "runs release 0.0.9, and this is" in finding["wrong"]
