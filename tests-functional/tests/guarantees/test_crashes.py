"""Processes, brokers and databases killed under load: each event takes effect exactly once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from reading_club_functional.cluster import BOOK_SUBSCRIBERS, prepared_cluster
from reading_club_functional.database import Database
from reading_club_functional.faulty_command import MODULE as FAULTY_COMMAND
from reading_club_functional.load import post_books
from reading_club_functional.outages import frozen
from reading_club_functional.polling import eventually
from reading_club_functional.proof.logged_runs import logged
from reading_club_functional.requirements import require
from reading_club_functional.restartable_cluster import RestartableCluster
from reading_club_functional.servers import (
    PostgreSQLServer,
    RabbitMQServer,
    Server,
    ValkeyServer,
)

PRODUCTION, SMALL = "rabbitmq-postgresql", "valkey-sqlite"
KILLS = 2

in_production = pytest.mark.parametrize("cluster", [PRODUCTION], indirect=True)


@pytest.fixture(scope="module")
def own_postgresql() -> Iterator[PostgreSQLServer]:
    """A PostgreSQL server that only these tests use."""
    with PostgreSQLServer() as server:
        yield server


@pytest.fixture(scope="module", params=[PRODUCTION, pytest.param(SMALL, marks=pytest.mark.nightly)])
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RestartableCluster]:
    """A running club; each test restores all processes and compares all books and effects."""
    folder = tmp_path_factory.mktemp("club")
    kind: type[Server] = RabbitMQServer if request.param == PRODUCTION else ValkeyServer
    require(kind)
    database_url = f"sqlite:///{folder / 'club.sqlite3'}"
    if request.param == PRODUCTION:
        database_url = request.getfixturevalue("own_postgresql").create_database()
    # A message that Valkey was delivering when it was killed is in no queue: it is sent again.
    soon = {} if request.param == PRODUCTION else {"reconcile_after": "5"}
    with (
        kind() as broker,
        prepared_cluster(folder, database_url, broker.url, **soon) as club,
        logged(club, only_if=request.param == PRODUCTION),
    ):
        yield RestartableCluster(club, broker)


def test_what_a_web_process_has_committed_outlives_it(cluster: RestartableCluster) -> None:
    """After kills under load, each book answered with 201 is stored, and each event is sent."""
    rounds = [post_books(cluster.club.url, 100, during=cluster.new_web) for _ in range(KILLS)]

    cluster.assert_consistent(*rounds, cluster.post(20))


@in_production
def test_a_window_outlives_the_relay_that_has_it(cluster: RestartableCluster) -> None:
    """The web process is killed before sending, the relay before deleting the rows: no loss."""
    database = cluster.club.database
    cluster.relay.kill()
    with frozen(cluster.broker):
        posted = cluster.post(200)
        cluster.web.kill()
        eventually(lambda: leases_are_over(database), within=30)
    before = tokens(database)

    with nothing_is_forgotten(database):
        cluster.relay = cluster.club.begin("relay")
        eventually(lambda: have_arrived(database) == database.count("outbox"), within=60)
        sent = in_other_hands(database, before)
        cluster.relay.kill()
    left = database.count("outbox")
    cluster.relay, cluster.web = cluster.club.start("relay"), cluster.club.start("web")

    print(f"{sent} events had arrived, and {left} waited, when the relay died")
    assert sent == left > 0
    cluster.assert_consistent(posted)


@contextmanager
def nothing_is_forgotten(database: Database) -> Iterator[None]:
    """Block each DELETE on the outbox, and abort the blocked sessions at the end."""
    database.rows(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN PERFORM pg_sleep(600); RETURN NULL; END $$"
    )
    database.rows("CREATE TRIGGER wait BEFORE DELETE ON outbox EXECUTE FUNCTION wait()")
    try:
        yield
    finally:
        database.rows(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event = 'PgSleep'"
        )
        database.rows("DROP FUNCTION wait CASCADE")


def have_arrived(database: Database) -> int:
    """Return the number of outbox rows whose event all its subscribers have handled."""
    receipts = "(SELECT count(*) FROM inbox WHERE inbox.message_id = outbox.message_id)"
    return database.count("outbox", f"{receipts} = {len(BOOK_SUBSCRIBERS)}")


def leases_are_over(database: Database) -> bool:
    """Return whether all leases in the outbox have expired."""
    ((last,),) = database.rows("SELECT max(leased_until) FROM outbox")
    until = datetime.fromisoformat(str(last))
    return datetime.now(UTC) > (until if until.tzinfo else until.replace(tzinfo=UTC))


def tokens(database: Database) -> set[str]:
    """Return the lease tokens of all outbox rows."""
    return {str(token) for (token,) in database.rows("SELECT DISTINCT token FROM outbox")}


def in_other_hands(database: Database, before: set[str]) -> int:
    """Return the number of outbox rows with a lease token that is not in `before`."""
    rows = database.rows("SELECT token FROM outbox")
    return sum(str(token) not in before for (token,) in rows)


@in_production
def test_a_worker_that_is_killed_in_its_handlers_has_done_nothing(
    cluster: RestartableCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed worker's messages are redelivered; the other subscriber is not affected."""
    marker = tmp_path / "marker"
    with monkeypatch.context() as environment:
        environment.setenv("HANDLER_FAULTS", "waits")
        environment.setenv("HANDLER_FAULT_FILE", str(marker))
        cluster.workers["activity"].kill()
        cluster.workers["activity"] = cluster.club.worker("activity", module=FAULTY_COMMAND)
    before = cluster.club.database.count("activity")

    posted = cluster.post(50)
    eventually(marker.exists, within=30)
    cluster.workers["activity"].kill()

    assert cluster.club.database.count("activity") == before
    cluster.workers["activity"] = cluster.club.worker("activity")
    cluster.assert_consistent(posted)


def test_a_broker_that_is_killed_under_load_keeps_what_it_confirmed(
    cluster: RestartableCluster,
) -> None:
    """All writes are answered with 201, and each confirmed event takes effect once."""
    cluster.flush_to_disk()

    posted = post_books(cluster.club.url, 300, during=cluster.broker.kill)
    cluster.broker.start()

    assert not posted.failures
    cluster.assert_consistent(posted)


@in_production
def test_a_window_outlives_the_broker_that_has_read_half_of_it(cluster: RestartableCluster) -> None:
    """The broker is frozen during a batch, then killed; each event takes effect once."""
    cluster.flush_to_disk()

    posted = post_books(cluster.club.url, 200, during=cluster.broker.freeze)
    cluster.broker.kill()
    cluster.broker.start()

    assert not posted.failures
    cluster.assert_consistent(posted)


@in_production
def test_a_database_may_restart_under_load(
    cluster: RestartableCluster, own_postgresql: PostgreSQLServer
) -> None:
    """Each committed book has its effects, including those whose request got no answer."""
    rounds = []
    for end in (own_postgresql.stop, own_postgresql.kill):
        again = partial(restart, own_postgresql, end)
        rounds.append(post_books(cluster.club.url, 400, during=again))
        eventually(lambda: cluster.club.browser.get("/readyz").status_code == 200, within=30)

    cluster.assert_consistent(*rounds, cluster.post(20))


def restart(server: PostgreSQLServer, end: Callable[[], None]) -> None:
    """End the server by calling `end`, and start it again."""
    end()
    server.start()
