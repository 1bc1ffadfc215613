"""The command ``reading-club replay``, on a broker in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kombu.transport.memory import Channel

from reading_club.app.cli import main
from reading_club.app.testing.database_file import NOW, TYPE, in_outbox, publish, rows

DAY = 86_400.0


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty broker in memory."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
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


def test_a_new_program_gets_the_history(path: Path) -> None:
    """Also what is older than inbox rows are kept; the command tells how many events these are."""
    old, new = publish(path, age=400 * DAY), publish(path)
    call("subscribers", "add", "digest", TYPE)

    replayed = call("replay", "--subscriber", "digest")

    assert "2 events of the history were put on their way to digest" in replayed.output
    assert in_outbox(path) == [("digest", old), ("digest", new)]


def test_a_subscriber_of_the_club_gets_what_its_inbox_lacks(path: Path) -> None:
    """Events that it has handled are left out; ``--since`` and ``--type`` leave out others."""
    call("subscribers", "add", "digest", TYPE)
    columns, now = "subscriber, type, since", NOW.format(0)
    rows(path, f"INSERT INTO subscriptions ({columns}) VALUES ('activity', '{TYPE}', {now})")
    _old, handled, lacking = publish(path, 300), publish(path, 200), publish(path, 100)
    rows(path, f"INSERT INTO inbox VALUES ('activity', ?, {NOW.format(0)})", handled)
    (since,) = rows(path, f"SELECT {NOW.format(-250)}")[0]

    call("replay", "--subscriber", "activity", "--type", TYPE, "--since", since)

    assert in_outbox(path) == [("activity", lacking)]


def test_what_might_take_effect_twice_is_refused(path: Path) -> None:
    """The inbox of an old subscriber does not reach back; a later beginning is accepted."""
    publish(path, age=31 * DAY)
    publish(path, age=DAY)
    call("subscribers", "add", "digest", TYPE)
    rows(path, f"UPDATE subscriptions SET since = {NOW.format(-40 * DAY)}")

    refused = call("replay", "--subscriber", "digest")

    assert refused.exit_code == 2
    assert refused.stderr.endswith(
        f"{TYPE}: the inbox does not reach back to the oldest events: give a later --since\n"
    )
    assert in_outbox(path) == []
    (since,) = rows(path, f"SELECT date({NOW.format(-3 * DAY)})")[0]
    assert call("replay", "--subscriber", "digest", "--since", since).exit_code == 0
    assert len(in_outbox(path)) == 1


def test_an_unfinished_replay_is_finished_first(path: Path) -> None:
    """It goes on with the options that it was begun with, and takes no others."""
    rest = [publish(path) for _ in range(3)][1:]
    call("subscribers", "add", "digest", TYPE)
    rows(path, "UPDATE subscriptions SET replay_after = 1, replay_until = 3 WHERE outside")

    refused = call("replay", "--subscriber", "digest", "--since", "2026-01-31")
    resumed = call("replay", "--subscriber", "digest")

    assert refused.exit_code == 2
    assert "without other options" in refused.stderr
    assert resumed.exit_code == 0
    assert in_outbox(path) == [("digest", id_) for id_ in rest]


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            ("--subscriber", "nobody"),
            "no subscriber nobody, but: activity, catalogue, imports, notices",
        ),
        (("--subscriber", "activity", "--since", "May"), "'May' is no moment"),
        (("--subscriber", "digest", "--type", "review_created_v1"), "is not subscribed to review"),
    ],
)
def test_a_wrong_option_of_a_replay_is_refused(options: tuple[str, ...], error: str) -> None:
    """Exit code 2, and a line that names it."""
    if "digest" in options:
        call("subscribers", "add", "digest", TYPE)

    refused = call("replay", *options)

    assert refused.exit_code == 2
    assert error in refused.stderr
