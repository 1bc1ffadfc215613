"""An event whose handling fails becomes one dead letter; all other events are handled."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from reading_club.testing.builders import an_isbn
from reading_club_functional.club import Club, prepared_club
from reading_club_functional.effects import assert_everything_took_effect_once, effects_of
from reading_club_functional.moody import MODULE
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess

PROMPTLY = 15.0
"""Seconds for events that are not poison. All attempts at poison take about two seconds."""
WITHIN = 60.0
FEW = "2"
"""The number of attempts in tests where each attempt kills a process."""
SHORT, LONG = "0.5", "30"
"""Seconds between the first two attempts."""
GOOD = 20
MOODY_WORKER = ("worker", "--subscriber", "activity")


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path, broker_url: str) -> str:
    """The database's URL: PostgreSQL with RabbitMQ, a SQLite file with Valkey."""
    if broker_url.startswith("amqp"):
        return str(request.getfixturevalue("database_url"))
    return f"sqlite:///{tmp_path / 'club.sqlite3'}"


@pytest.fixture
def club(
    tmp_path: Path, database: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Club]:
    """A club without the worker of the activity log."""
    monkeypatch.setenv("MOODY_FOR", "Poison")
    with prepared_club(tmp_path, database, broker_url) as club:
        club.ready(*club.begin_workers("catalogue"), club.begin("relay"), club.begin("web"))
        yield club


def test_what_always_fails_is_set_aside_until_it_is_mended(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five attempts give one dead letter with the error; retried by a new release, one effect."""
    monkeypatch.setenv("MOODY", "fails")
    moody = club.start(*MOODY_WORKER, module=MODULE)

    good = {add(club, "Before"), add(club, "Poison"), add(club, "After")} - poison(club)

    eventually(lambda: heard(club) == good, within=PROMPTLY)
    eventually(lambda: letters(club), within=WITHIN)
    print(letters(club), effects_of(club.database))
    assert letters(club) == [("activity", "ZeroDivisionError: the handler fails", 5)]
    assert effects_of(club.database).attempts == 0
    assert [moody.output.count(words) for words in ("handling failed", "set aside")] == [4, 1]
    assert (heard(club), moody.running) == (good, True)
    mend(club, moody)
    assert_everything_took_effect_once(club)
    audit = club.database.rows("SELECT action, subscriber, error FROM audit")
    assert audit == [("retry", "activity", "ZeroDivisionError: the handler fails")]


def mend(club: Club, moody: ClubProcess) -> None:
    """Replace the faulty worker by a correct one, and retry the dead letter."""
    moody.send(signal.SIGTERM)
    assert moody.wait() == 0
    club.worker("activity")
    said = club.call("dead-letters", "retry", "--subscriber", "activity")
    assert said.endswith("1 dead letter sent again\n")


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_what_kills_its_worker_is_set_aside(club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each death counts as an attempt; other events prefetched by the process are handled."""
    monkeypatch.setenv("MOODY", "dies")
    good = add_with_poison(club)

    deaths = 0
    while kills_a_worker(club, SHORT):
        deaths += 1

    eventually(lambda: heard(club) == good, within=PROMPTLY)
    print(f"{deaths} deaths", letters(club), effects_of(club.database))
    ((subscriber, error, number),) = letters(club)
    assert (subscriber, error.partition(":")[0], number) == (
        "activity",
        "RedeliveryLimitExceeded",
        int(FEW),
    )
    assert deaths == int(FEW) + 1
    assert effects_of(club.database).attempts == 0


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_what_kills_its_worker_blocks_nobody_else(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two deaths the event waits in the outbox for its next attempt; others are handled."""
    monkeypatch.setenv("MOODY", "dies")
    good = add_with_poison(club)

    deaths = sum(kills_a_worker(club, LONG, until=lambda: heard(club) == good) for _ in range(3))

    assert deaths == 2
    assert heard(club) == good
    rows = club.database.rows("SELECT subscriber, attempted, reason FROM outbox")
    ((subscriber, attempted, reason),) = rows
    assert (subscriber, bool(attempted)) == ("activity", True)
    assert "next attempt" in reason
    assert letters(club) == []


def add_with_poison(club: Club) -> set[UUID]:
    """Register good books and one that kills its worker; return the ids of the good ones."""
    titles = [f"Volume {n}" for n in range(GOOD)]
    titles.insert(GOOD // 4, "Poison")
    return {add(club, title) for title in titles} - poison(club)


def kills_a_worker(club: Club, pause: str, *, until: Callable[[], bool] = lambda: False) -> bool:
    """Start a worker; return whether the poison event kills it before becoming a dead letter."""
    worker = club.begin(*MOODY_WORKER, module=MODULE, attempts=FEW, attempt_pause=pause)
    eventually(lambda: not worker.running or poisoned(club) or until(), within=WITHIN, every=0.1)
    if worker.running:
        return False
    assert worker.wait() == -signal.SIGKILL
    return True


def add(club: Club, title: str) -> UUID:
    """Register a book, and return its id."""
    book = {"title": title, "author": "Many", "isbn": an_isbn().canonical}
    answer = club.browser.add_book(**book)
    assert answer.status_code == 201
    return UUID(answer.json()["id"])


def poison(club: Club) -> set[UUID]:
    """Return the ids of the poison books."""
    found = club.database.rows("SELECT id FROM books WHERE title = 'Poison'")
    return {UUID(str(id_)) for (id_,) in found}


def poisoned(club: Club) -> bool:
    """Return whether there is a dead letter of the poison event."""
    aside = club.database.rows("SELECT envelope FROM dead_letters")
    return any("Poison" in str(envelope) for (envelope,) in aside)


def heard(club: Club) -> set[UUID]:
    """Return the ids of the books in the activity log; assert that none occurs twice."""
    activity = effects_of(club.database).activity
    assert activity.total() == len(activity)
    return set(activity)


def letters(club: Club) -> list[tuple[Any, ...]]:
    """Return subscriber, error and attempts of each dead letter."""
    return club.database.rows("SELECT subscriber, error, attempts FROM dead_letters")
