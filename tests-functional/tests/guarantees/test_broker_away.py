"""The broker is never in a request's path: it is away, and whoever writes does not notice."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from reading_club_functional.club import Club, open_club
from reading_club_functional.effects import assert_everything_took_effect_once
from reading_club_functional.load import Posted, post_books
from reading_club_functional.outages import Outage, frozen, short_of_memory, stopped
from reading_club_functional.polling import eventually
from reading_club_functional.requirements import require
from reading_club_functional.servers import (
    PostgreSQLServer,
    RabbitMQServer,
    Server,
    ValkeyServer,
)

BOOKS = 200
PAIRS = 3
"""Rounds of each kind, as long as the machine is too noisy to tell them apart."""
SLOWER = 1.5
SEEN_AT_ONCE = 10.0
SEEN_BY_AGE = 60.0
"""Seconds, above those that an event may wait in the outbox before the health page says so."""


class Running(NamedTuple):
    """A club, and the broker that is its own."""

    club: Club
    broker: Server


@pytest.fixture(scope="module", params=[RabbitMQServer, ValkeyServer], ids=["rabbitmq", "valkey"])
def running(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgresql: PostgreSQLServer,
) -> Iterator[Running]:
    """A warm club on PostgreSQL, and on a broker that a test may take away."""
    kind: type[Server] = request.param
    require(kind)
    database_url = postgresql.create_database()
    # What a Valkey was about to hand to a worker when it stopped is in no queue any more.
    soon = {"reconcile_after": "5"} if kind is ValkeyServer else {}
    folder = tmp_path_factory.mktemp("club")
    with kind() as broker, open_club(folder, database_url, broker.url, **soon) as club:
        post_books(club.url, 50)
        assert_everything_took_effect_once(club)
        yield Running(club, broker)
    postgresql.drop_database(database_url)


@pytest.mark.parametrize("outage", [stopped, frozen])
def test_writes_do_not_notice_that_the_broker_does_not_answer(
    running: Running, outage: Outage
) -> None:
    """They are as successful and as fast as before; health says so; all of it arrives, once."""
    compare_with_healthy(running, outage, seen_within=SEEN_AT_ONCE)


@pytest.mark.parametrize("running", [RabbitMQServer], ids=["rabbitmq"], indirect=True)
def test_writes_do_not_notice_that_the_broker_takes_nothing(running: Running) -> None:
    """It accepts connections all the while: health tells by the age of what waits."""
    compare_with_healthy(running, short_of_memory, seen_within=SEEN_BY_AGE)


def compare_with_healthy(running: Running, outage: Outage, *, seen_within: float) -> None:
    """Write with and without the broker, in turns, and compare the best round of each kind."""
    healthy, away = float("inf"), float("inf")
    for pair in range(PAIRS):
        seen = seen_within if not pair else 0.0
        healthy = min(healthy, write(running.club).percentile(0.99))
        away = min(away, write_during(running, outage, seen).percentile(0.99))
        print(f"p99 {healthy * 1000:.1f} ms healthy, {away * 1000:.1f} ms {outage.__name__}")
        if away <= SLOWER * healthy:
            return
    pytest.fail(f"{away / healthy:.1f} times as slow")


def write_during(running: Running, outage: Outage, seen_within: float) -> Posted:
    """Write while the broker is away, and see that health tells in so many seconds, if any."""
    club = running.club
    with outage(running.broker):
        posted = post_all(club)
        if seen_within:
            eventually(lambda: health(club) == "degraded", within=seen_within, every=0.5)
        assert club.database.count("outbox") == BOOKS
    assert_everything_took_effect_once(club, posted.ids)
    eventually(lambda: health(club) == "ok")
    return posted


def write(club: Club) -> Posted:
    """Write while all is well."""
    posted = post_all(club)
    assert_everything_took_effect_once(club, posted.ids)
    return posted


def post_all(club: Club) -> Posted:
    """Register books, none of which is refused."""
    posted = post_books(club.url, BOOKS)
    assert (len(posted.ids), posted.failures) == (BOOKS, [])
    return posted


def health(club: Club) -> str:
    """Return what the health page says in one word; it serves all the while."""
    answer = club.browser.get("/readyz")
    assert answer.status_code == 200
    return str(answer.json()["status"])
