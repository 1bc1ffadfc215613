"""Processes, brokers and databases killed under load: each event takes effect exactly once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from reading_club_functional import moody
from reading_club_functional.club import EVERYBODY, prepared_club
from reading_club_functional.crew import Crew
from reading_club_functional.database import Database
from reading_club_functional.load import post_books
from reading_club_functional.outages import frozen
from reading_club_functional.polling import eventually
from reading_club_functional.requirements import require
from reading_club_functional.servers import (
    PostgreSQLServer,
    RabbitMQServer,
    Server,
    ValkeyServer,
)

PRODUCTION, SMALL = "rabbitmq-postgresql", "valkey-sqlite"
KILLS = 2

in_production = pytest.mark.parametrize("crew", [PRODUCTION], indirect=True)


@pytest.fixture(scope="module")
def own_postgresql() -> Iterator[PostgreSQLServer]:
    """A PostgreSQL server that only these tests use."""
    with PostgreSQLServer() as server:
        yield server


@pytest.fixture(scope="module", params=[PRODUCTION, SMALL])
def crew(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crew]:
    """A running club; each test restores all processes and compares all books and effects."""
    folder = tmp_path_factory.mktemp("club")
    kind: type[Server] = RabbitMQServer if request.param == PRODUCTION else ValkeyServer
    require(kind)
    database_url = f"sqlite:///{folder / 'club.sqlite3'}"
    if request.param == PRODUCTION:
        database_url = request.getfixturevalue("own_postgresql").create_database()
    # A message that Valkey was delivering when it was killed is in no queue: it is sent again.
    soon = {} if request.param == PRODUCTION else {"reconcile_after": "5"}
    with kind() as broker, prepared_club(folder, database_url, broker.url, **soon) as club:
        yield Crew(club, broker)


def test_what_a_web_process_has_committed_outlives_it(crew: Crew) -> None:
    """After kills under load, each book answered with 201 is stored, and each event is sent."""
    rounds = [post_books(crew.club.url, 100, during=crew.new_web) for _ in range(KILLS)]

    crew.settle(*rounds, crew.post(20))


@in_production
def test_a_window_outlives_the_relay_that_has_it(crew: Crew) -> None:
    """The web process is killed before sending, the relay before deleting the rows: no loss."""
    database = crew.club.database
    crew.relay.kill()
    with frozen(crew.broker):
        posted = crew.post(200)
        crew.web.kill()
        eventually(lambda: leases_are_over(database), within=30)
    before = tokens(database)

    with nothing_is_forgotten(database):
        crew.relay = crew.club.begin("relay")
        eventually(lambda: have_arrived(database) == database.count("outbox"), within=60)
        sent = in_other_hands(database, before)
        crew.relay.kill()
    left = database.count("outbox")
    crew.relay, crew.web = crew.club.relay(), crew.club.web()

    print(f"{sent} events had arrived, and {left} waited, when the relay died")
    assert sent == left > 0
    crew.settle(posted)


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
    """Return the number of outbox rows whose event all subscribers have handled."""
    receipts = "(SELECT count(*) FROM inbox WHERE inbox.message_id = outbox.message_id)"
    return database.count("outbox", f"{receipts} = {len(EVERYBODY)}")


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
    crew: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed worker's messages are redelivered; the other subscriber is not affected."""
    told = tmp_path / "told"
    with monkeypatch.context() as environment:
        environment.setenv("MOODY", "waits")
        environment.setenv("MOODY_FILE", str(told))
        crew.new_worker("activity", module=moody.MODULE)
    before = crew.club.database.count("activity")

    posted = crew.post(50)
    eventually(told.exists, within=30)
    crew.workers["activity"].kill()

    assert crew.club.database.count("activity") == before
    crew.workers["activity"] = crew.club.worker("activity")
    crew.settle(posted)


def test_a_broker_that_is_killed_under_load_keeps_what_it_confirmed(crew: Crew) -> None:
    """All writes are answered with 201, and each confirmed event takes effect once."""
    crew.keep_queues()

    posted = post_books(crew.club.url, 300, during=crew.broker.kill)
    crew.broker.start()

    assert not posted.failures
    crew.settle(posted)


@in_production
def test_a_window_outlives_the_broker_that_has_read_half_of_it(crew: Crew) -> None:
    """The broker is frozen during a batch, then killed; each event takes effect once."""
    crew.keep_queues()

    posted = post_books(crew.club.url, 200, during=crew.broker.freeze)
    crew.broker.kill()
    crew.broker.start()

    assert not posted.failures
    crew.settle(posted)


@in_production
def test_a_database_may_restart_under_load(crew: Crew, own_postgresql: PostgreSQLServer) -> None:
    """Each committed book has its effects, including those whose request got no answer."""
    rounds = []
    for end in (own_postgresql.stop, own_postgresql.kill):
        again = partial(restart, own_postgresql, end)
        rounds.append(post_books(crew.club.url, 400, during=again))
        eventually(lambda: crew.club.browser.get("/readyz").status_code == 200, within=30)

    crew.settle(*rounds, crew.post(20))


def restart(server: PostgreSQLServer, end: Callable[[], None]) -> None:
    """End the server by calling `end`, and start it again."""
    end()
    server.start()
