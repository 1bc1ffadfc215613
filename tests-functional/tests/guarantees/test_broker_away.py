"""Requests do not depend on the broker: an outage leaves writes as successful and as fast."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from reading_club_functional.cluster import ClubCluster, open_cluster
from reading_club_functional.consistency import assert_consistent
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
"""The most rounds with and without an outage; more than one if the machine is noisy."""
SLOWER = 1.5
DETECTION_TIMEOUT = 10.0
AGE_DETECTION_TIMEOUT = 60.0
"""Seconds: more than the age at which the health page reports a waiting event."""


class Running(NamedTuple):
    """A club and its own broker."""

    club: ClubCluster
    broker: Server


@pytest.fixture(
    scope="module",
    params=[RabbitMQServer, pytest.param(ValkeyServer, marks=pytest.mark.nightly)],
    ids=["rabbitmq", "valkey"],
)
def running(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgresql: PostgreSQLServer,
) -> Iterator[Running]:
    """A warmed-up club on PostgreSQL, and on a broker that tests may stop."""
    kind: type[Server] = request.param
    require(kind)
    database_url = postgresql.create_database()
    # A message that Valkey was delivering when it was stopped is in no queue: it is sent again.
    soon = {"reconcile_after": "5"} if kind is ValkeyServer else {}
    folder = tmp_path_factory.mktemp("club")
    with kind() as broker, open_cluster(folder, database_url, broker.url, **soon) as club:
        post_books(club.url, 50)
        assert_consistent(club)
        yield Running(club, broker)
    postgresql.drop_database(database_url)


@pytest.mark.parametrize("outage", [stopped, frozen])
def test_writes_do_not_notice_that_the_broker_does_not_answer(
    running: Running, outage: Outage
) -> None:
    """Writes succeed as fast as before, health is degraded, each event takes effect once."""
    compare_with_healthy(running, outage, seen_within=DETECTION_TIMEOUT)


@pytest.mark.nightly
@pytest.mark.parametrize("running", [RabbitMQServer], ids=["rabbitmq"], indirect=True)
def test_writes_do_not_notice_that_the_broker_takes_nothing(running: Running) -> None:
    """RabbitMQ still accepts connections: health detects it by the age of waiting events."""
    compare_with_healthy(running, short_of_memory, seen_within=AGE_DETECTION_TIMEOUT)


def compare_with_healthy(running: Running, outage: Outage, *, seen_within: float) -> None:
    """Write with and without the broker, in turns, and compare the best p99 of both."""
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
    """Write during an outage; assert that health is degraded within `seen_within` s, unless 0."""
    club = running.club
    with outage(running.broker):
        posted = post_all(club)
        if seen_within:
            eventually(lambda: health(club) == "degraded", within=seen_within, every=0.5)
        assert club.database.count("outbox") == BOOKS
    assert_consistent(club, posted.ids)
    eventually(lambda: health(club) == "ok")
    return posted


def write(club: ClubCluster) -> Posted:
    """Write while the broker works."""
    posted = post_all(club)
    assert_consistent(club, posted.ids)
    return posted


def post_all(club: ClubCluster) -> Posted:
    """Register books, and assert that all are answered with 201."""
    posted = post_books(club.url, BOOKS)
    assert (len(posted.ids), posted.failures) == (BOOKS, [])
    return posted


def health(club: ClubCluster) -> str:
    """Return the status of the health page, and assert that the web process is ready."""
    answer = club.browser.get("/readyz")
    assert answer.status_code == 200
    return str(answer.json()["status"])
