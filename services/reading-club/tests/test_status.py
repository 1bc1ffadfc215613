"""The culprits of ``reading-club status``."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lastuuid import uuid7

from reading_club.app.cli import main
from reading_club.eventstream.ports.dead_letters import RELAY

NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '{:+.0f} seconds')"


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that is available."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")


def status(*options: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["status", *options])


def culprits() -> tuple[int, list[str]]:
    """Return the exit code and the culprits of ``status``."""
    result = status("--json")
    found: list[str] = json.loads(result.output)["culprits"]
    return result.exit_code, found


def change(path: Path, statement: str, *values: Any) -> None:
    """Run a statement on the database file directly."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def publish(path: Path, age: float) -> str:
    """Store an event that was published ``age`` seconds ago, and subscribe ``activity`` to it."""
    id_ = uuid7().hex
    change(
        path,
        "INSERT INTO messages (id, created_at, recorded_at, type, metadata, payload) "
        f"VALUES (?, {NOW.format(-age)}, {NOW.format(-age)}, 'book_registered_v1', '{{}}', '{{}}')",
        id_,
    )
    change(
        path,
        "INSERT OR IGNORE INTO subscriptions (subscriber, type, since) VALUES "
        f"('activity', 'book_registered_v1', {NOW.format(-1e6)})",
    )
    return id_


def enqueue(path: Path, id_: str, *, added: float, leased: float, subscriber: str = "") -> None:
    """Insert an outbox row of ``added`` seconds ago, with ``leased`` seconds of its lease left."""
    reason = f"queue eventstream.{subscriber} is full" if subscriber else None
    change(
        path,
        "INSERT INTO outbox "
        "(message_id, subscriber, token, leased_until, attempts, added_at, reason) "
        f"VALUES (?, ?, ?, {NOW.format(leased)}, 0, {NOW.format(-added)}, ?)",
        id_,
        subscriber,
        "0" * 32,
        reason,
    )


@pytest.mark.usefixtures("running")
def test_a_club_with_all_its_processes_has_no_culprit() -> None:
    """With fresh heartbeats of all processes the exit code is 0, and the processes are counted."""
    result = status()

    assert result.exit_code == 0
    assert (
        "running   1 relay, 1 worker activity, 1 worker catalogue, 1 worker imports, "
        "1 worker notices" in result.output
    )
    assert "culprit" not in result.output


@pytest.mark.usefixtures("data_dir")
def test_processes_that_are_not_there_are_named() -> None:
    """Without heartbeats, relay and each subscriber's worker are a culprit; the exit code is 3."""
    result = status()

    assert result.exit_code == 3
    assert "status    degraded" in result.output
    for name in ("no relay", "no worker of activity", "no worker of catalogue"):
        assert f"culprit   {name} is running" in result.output


@pytest.mark.parametrize(
    ("where", "name"),
    [("role = 'relay'", "no relay"), ("subscriber = 'activity'", "no worker of activity")],
)
def test_a_process_that_does_not_beat_any_more_is_named(
    running: Path, where: str, name: str
) -> None:
    """A process without a heartbeat for 31 s is a culprit, with the age of the last one."""
    change(running, f"UPDATE processes SET beat_at = {NOW.format(-31)} WHERE {where}")

    code, (sentence,) = culprits()

    assert code == 3
    assert sentence.startswith(f"{name} is running; the last heartbeat is 3")


def test_a_late_subscriber_is_named(running: Path) -> None:
    """A subscriber is late whose oldest unhandled event is older than a minute."""
    publish(running, age=50)
    assert culprits() == (0, [])
    publish(running, age=75)

    code, (sentence,) = culprits()

    assert code == 3
    assert sentence.startswith("activity is late: 2 events behind, the oldest for 7")


def test_an_event_that_a_dead_letter_or_a_receipt_accounts_for_is_not_late(running: Path) -> None:
    """An event with an inbox row, or a dead letter of its subscriber or the relay, is not late."""
    change(
        running,
        "INSERT INTO dead_letters (subscriber, message_id, type, envelope, error, set_aside_at) "
        f"VALUES ('(relay)', ?, '', '{{}}', '', {NOW.format(0)})".replace("(relay)", RELAY),
        publish(running, age=100),
    )
    change(
        running,
        f"INSERT INTO inbox VALUES ('activity', ?, {NOW.format(0)})",
        publish(running, age=100),
    )

    assert culprits() == (0, [])


def test_an_event_that_waits_to_be_sent_is_told(running: Path) -> None:
    """An event that has been in the outbox for 40 s, beyond its lease, is a culprit."""
    enqueue(running, publish(running, age=40), added=40, leased=-1)

    code, (sentence,) = culprits()

    assert code == 3
    assert sentence.startswith("outbox: an event waits for 4")


def test_an_old_event_that_is_sent_again_is_as_old_as_its_row(running: Path) -> None:
    """A requeued event of 50 s ago, with an outbox row of 1 s ago, is in time."""
    enqueue(running, publish(running, age=50), added=1, leased=-1)

    assert "delivery  events are on their way" in status().output


def test_an_event_whose_pause_is_over_waits_since_then(running: Path) -> None:
    """An event that was deferred for 319 s is in time 1 s after its deferral."""
    enqueue(running, publish(running, age=320), added=320, leased=-1, subscriber="activity")

    assert "delivery  events are on their way" in status().output


def test_a_queue_that_takes_nothing_is_named(running: Path) -> None:
    """A queue that refuses events is a culprit; delivery as a whole is in time."""
    for _ in range(2):
        enqueue(running, uuid7().hex, added=50, leased=20, subscriber="activity")

    result = status()

    assert result.exit_code == 3
    assert "delivery  events are on their way" in result.output
    culprit = "culprit   2 events wait for activity: queue eventstream.activity is full"
    assert culprit in result.output.splitlines()


def test_a_wrong_clock_is_told(running: Path) -> None:
    """A process whose clock differs by 777600 s is a culprit."""
    change(running, "UPDATE processes SET clock_offset = -777600 WHERE role = 'relay'")

    code, (sentence,) = culprits()

    assert code == 3
    assert sentence.startswith("the clock of relay (")
    assert sentence.endswith("777600 s behind the database's")


def test_what_a_process_finds_wrong_is_told(running: Path) -> None:
    """A failure in the heartbeat of a process is a culprit."""
    change(running, "UPDATE processes SET trouble = 'not reconciled' WHERE role = 'relay'")

    code, (sentence,) = culprits()

    assert code == 3
    assert sentence.endswith(": not reconciled")
