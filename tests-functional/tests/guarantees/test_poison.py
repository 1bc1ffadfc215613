"""An event whose handling fails becomes one dead letter; all other events are handled."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent, observe
from reading_club_functional.faulty_command import MODULE
from reading_club_functional.nightly import ON_VALKEY_AT_NIGHT
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess

HEALTHY_EVENT_TIMEOUT = 15.0
"""Seconds for events that are not poison. All attempts at poison take about two seconds."""
DEAD_LETTER_TIMEOUT = 60.0
FEW = "2"
"""The number of attempts in tests where each attempt kills a process."""
SHORT_PAUSE, LONG_PAUSE = "0.5", "30"
"""Seconds between the first two attempts."""
GOOD = 20
FAULTY_WORKER = ("worker", "--subscriber", "activity")


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path, broker_url: str) -> str:
    """The database's URL: PostgreSQL with RabbitMQ, a SQLite file with Valkey."""
    if broker_url.startswith("amqp"):
        return str(request.getfixturevalue("database_url"))
    return f"sqlite:///{tmp_path / 'club.sqlite3'}"


@pytest.fixture
def club(tmp_path: Path, database: str, broker_url: str) -> Iterator[ClubCluster]:
    """A club without the worker of the activity log."""
    with prepared_cluster(tmp_path, database, broker_url) as club:
        club.ready(*club.begin_workers("catalogue"), club.begin("relay"), club.begin("web"))
        yield club


@ON_VALKEY_AT_NIGHT
def test_what_always_fails_is_set_aside_until_it_is_mended(
    club: ClubCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five attempts give one dead letter with the error; retried by a new release, one effect."""
    monkeypatch.setenv("HANDLER_FAULTS", "fails:Poison")
    faulty_worker = club.start(*FAULTY_WORKER, module=MODULE)

    good = {add(club, "Before"), add(club, "Poison"), add(club, "After")} - poison(club)

    eventually(lambda: handled(club) == good, within=HEALTHY_EVENT_TIMEOUT)
    eventually(lambda: dead_letters(club), within=DEAD_LETTER_TIMEOUT)
    print(dead_letters(club), observe(club.database))
    assert dead_letters(club) == [("activity", "ZeroDivisionError: the handler fails", 5)]
    assert observe(club.database).attempts == 0
    assert [faulty_worker.output.count(words) for words in ("handling failed", "set aside")] == [
        4,
        1,
    ]
    assert (handled(club), faulty_worker.running) == (good, True)
    replace_faulty_worker(club, faulty_worker)
    assert_consistent(club)
    audit = club.database.rows("SELECT action, subscriber, error FROM audit")
    assert audit == [("retry", "activity", "ZeroDivisionError: the handler fails")]


def replace_faulty_worker(club: ClubCluster, faulty_worker: ClubProcess) -> None:
    """Replace the faulty worker by a correct one, and retry the dead letter."""
    faulty_worker.send(signal.SIGTERM)
    assert faulty_worker.wait() == 0
    club.worker("activity")
    said = club.call("dead-letters", "retry", "--subscriber", "activity")
    assert said.endswith("1 dead letter sent again\n")


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_what_kills_its_worker_is_set_aside(
    club: ClubCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each death counts as an attempt; other events prefetched by the process are handled."""
    monkeypatch.setenv("HANDLER_FAULTS", "dies:Poison")
    good = add_with_poison(club)

    deaths = 0
    while kills_a_worker(club, SHORT_PAUSE):
        deaths += 1

    eventually(lambda: handled(club) == good, within=HEALTHY_EVENT_TIMEOUT)
    print(f"{deaths} deaths", dead_letters(club), observe(club.database))
    ((subscriber, error, number),) = dead_letters(club)
    assert (subscriber, error.partition(":")[0], number) == (
        "activity",
        "RedeliveryLimitExceeded",
        int(FEW),
    )
    assert deaths == int(FEW) + 1
    assert observe(club.database).attempts == 0


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_what_kills_its_worker_blocks_nobody_else(
    club: ClubCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two deaths the event waits in the outbox for its next attempt; others are handled."""
    monkeypatch.setenv("HANDLER_FAULTS", "dies:Poison")
    good = add_with_poison(club)

    deaths = sum(
        kills_a_worker(club, LONG_PAUSE, or_until=lambda: handled(club) == good) for _ in range(3)
    )

    assert deaths == 2
    assert handled(club) == good
    rows = club.database.rows("SELECT subscriber, attempted, reason FROM outbox")
    ((subscriber, attempted, reason),) = rows
    assert (subscriber, bool(attempted)) == ("activity", True)
    assert "next attempt" in reason
    assert dead_letters(club) == []


def add_with_poison(club: ClubCluster) -> set[UUID]:
    """Register good books and one that kills its worker; return the ids of the good ones."""
    titles = [f"Volume {n}" for n in range(GOOD)]
    titles.insert(GOOD // 4, "Poison")
    return {add(club, title) for title in titles} - poison(club)


def kills_a_worker(
    club: ClubCluster, pause: str, *, or_until: Callable[[], bool] = lambda: False
) -> bool:
    """Start a worker; return whether the poison event kills it before becoming a dead letter."""
    worker = club.begin(*FAULTY_WORKER, module=MODULE, attempts=FEW, attempt_pause=pause)
    eventually(
        lambda: not worker.running or poisoned(club) or or_until(),
        within=DEAD_LETTER_TIMEOUT,
        every=0.1,
    )
    if worker.running:
        return False
    assert worker.wait() == -signal.SIGKILL
    return True


def add(club: ClubCluster, title: str) -> UUID:
    """Register a book, and return its id."""
    book = {"title": title, "author": "Many", "isbn": an_isbn().canonical}
    answer = club.browser.add_book(**book)
    assert answer.status_code == 201
    return UUID(answer.json()["id"])


def poison(club: ClubCluster) -> set[UUID]:
    """Return the ids of the poison books."""
    found = club.database.rows("SELECT id FROM books WHERE title = 'Poison'")
    return {UUID(str(id_)) for (id_,) in found}


def poisoned(club: ClubCluster) -> bool:
    """Return whether there is a dead letter of the poison event."""
    aside = club.database.rows("SELECT envelope FROM dead_letters")
    return any("Poison" in str(envelope) for (envelope,) in aside)


def handled(club: ClubCluster) -> set[UUID]:
    """Return the ids of the books in the activity log; assert that none occurs twice."""
    activity = observe(club.database).rows["activity"]
    assert activity.total() == len(activity)
    return set(activity)


def dead_letters(club: ClubCluster) -> list[tuple[Any, ...]]:
    """Return subscriber, error and attempts of each dead letter."""
    return club.database.rows("SELECT subscriber, error, attempts FROM dead_letters")
