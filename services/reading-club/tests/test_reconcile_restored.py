"""The command ``reading-club reconcile --after-restore``, on a broker in this process."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kombu.transport.memory import Channel

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.app.bootstrap.database import open_heartbeats
from reading_club.app.cli import main
from reading_club.app.heartbeat import this_process
from reading_club.app.settings import Settings
from reading_club.app.testing.database_file import TYPE, in_outbox, publish, rows
from reading_club.service.subscribers import SUBSCRIBERS

SUBSCRIBED = "INSERT INTO subscriptions (subscriber, type, since) VALUES (?, ?, '2020-01-01')"
NAMES = [subscriber.name for subscriber in SUBSCRIBERS if TYPE in subscriber.types]


@pytest.fixture(autouse=True)
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[SubscriberQueues]:
    """The queues of a broker in memory, each with a message of the lost future."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    Channel.queues.clear()
    app = publisher_app("memory://", SUBSCRIBERS)
    message = {"id": "0", "type": TYPE, "payload": "{}", "created_at": "2026-01-01T00:00:00Z"}
    app.send_task("send_message", kwargs={"message": message})
    yield SubscriberQueues(app)
    app.close()
    Channel.queues.clear()


def call() -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["reconcile", "--after-restore"])


def test_nothing_of_the_lost_future_stays_and_what_is_missing_waits_for_a_relay(
    data_dir: Path, queues: SubscriberQueues
) -> None:
    """The queues are empty, and each subscriber that misses an event has a row in the outbox."""
    path = data_dir / "club.sqlite3"
    for name in NAMES:
        rows(path, SUBSCRIBED, name, TYPE)
    missing = publish(path, age=9_000_000.0)
    assert not any(map(queues.is_empty, NAMES))

    done = call()

    assert done.output == f"the queues are empty, and a relay will send {len(NAMES)} events again\n"
    assert all(map(queues.is_empty, NAMES))
    assert in_outbox(path) == [(name, missing) for name in NAMES]


@pytest.mark.usefixtures("data_dir")
def test_while_the_club_runs_nothing_is_emptied(queues: SubscriberQueues) -> None:
    """A worker would go on with what it has at hand: exit code 2, and which process runs."""

    async def beat() -> None:
        async with open_heartbeats(Settings()) as heartbeats:
            await heartbeats.beat(this_process("worker", "activity"))

    asyncio.run(beat())

    refused = call()

    assert refused.exit_code == 2
    assert "the club runs: worker activity (" in refused.stderr
    assert not any(map(queues.is_empty, NAMES))
