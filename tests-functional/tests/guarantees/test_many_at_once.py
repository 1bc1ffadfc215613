"""Two relays and two workers per subscriber have the same effects as one of each."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.messages import RegisterBook
from reading_club.eventstream.ports.outbox import Lease
from reading_club.service.bus import build_bus
from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import PROJECTION_NAMES, ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.process import ClubProcess
from reading_club_functional.servers import PostgreSQLServer

BACKLOG = 2000
AT_ONCE = 50
AN_HOUR = Lease(3600.0)
PAIR = ("left", "right")
"""The database roles of the two processes of each kind."""
TABLES = {
    "activity": "id, type, occurred_at, payload::text",
    "catalogue": "book_id, title, author, isbn",
    "inbox": "subscriber, message_id",
}
WITNESS = """
CREATE TABLE done (who text, what text, id uuid);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO done VALUES (session_user, TG_ARGV[0], NEW.message_id); RETURN NULL;
END $$;
CREATE TRIGGER claimed AFTER UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION note('claimed');
CREATE TRIGGER handled AFTER INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION note('handled');
"""


@pytest.fixture
def accounts(postgresql: PostgreSQLServer) -> Iterator[None]:
    """The database roles of the processes."""
    for name in PAIR:
        postgresql.psql(f"CREATE ROLE {name} SUPERUSER LOGIN")
    yield
    for name in PAIR:
        postgresql.psql(f"DROP ROLE {name}")


@pytest.fixture
def club(
    tmp_path: Path,
    database_url: str,
    broker_url: str,
    accounts: None,  # noqa: ARG001  # dropped after the club
) -> Iterator[ClubCluster]:
    """A club with a backlog and without processes."""
    with prepared_cluster(tmp_path, database_url, broker_url) as club:
        asyncio.run(fill(database_url))
        yield club


@pytest.mark.nightly
@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_many_leave_the_same_tables_as_one(
    club: ClubCluster, postgresql: PostgreSQLServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From the same backlog, one process of each kind and two produce the same rows."""
    alone = postgresql.create_database(template=name_of(club))

    processes = share(club, postgresql)

    assert_shared(club)
    for process in processes:  # they would consume the events of the single club
        process.kill()
    broker_url = club.settings["broker_url"]
    with prepared_cluster(tmp_path_factory.mktemp("alone"), alone, broker_url) as single:
        single.ready(*single.begin_workers(*PROJECTION_NAMES), single.begin("relay"))
        let_go(single)
        assert_consistent(single)
        assert tables_of(single) == tables_of(club)
    postgresql.drop_database(alone)


@pytest.mark.nightly
@pytest.mark.parametrize("broker_url", ["valkey"], indirect=True)
def test_many_share_a_backlog_on_valkey(club: ClubCluster, postgresql: PostgreSQLServer) -> None:
    """Each event takes effect once on Valkey too."""
    share(club, postgresql)

    assert_shared(club)


def share(club: ClubCluster, postgresql: PostgreSQLServer) -> list[ClubProcess]:
    """Start two processes of each kind, with triggers that record their work, on the backlog."""
    postgresql.psql(WITNESS, name_of(club))
    processes = [process for name in PAIR for process in begin_as(club, name)]
    club.ready(*processes)
    let_go(club)
    return processes


def begin_as(club: ClubCluster, account: str) -> Iterator[ClubProcess]:
    """Start a relay and workers that connect to the database with this role."""
    url = make_url(club.settings["database_url"]).set(username=account)
    address = url.render_as_string(hide_password=False)
    yield club.begin("relay", database_url=address)
    for subscriber in PROJECTION_NAMES:
        yield club.begin("worker", "--subscriber", subscriber, database_url=address)


def let_go(club: ClubCluster) -> None:
    """Let the leases expire over two seconds, so that both relays claim some events."""
    club.database.rows("UPDATE outbox SET leased_until = now() + random() * interval '2 seconds'")


def assert_shared(club: ClubCluster) -> None:
    """Assert that each event took effect once, and that both processes of each kind took part."""
    assert_consistent(club)
    claimed, handled = done_by(club, "claimed"), done_by(club, "handled")
    print(f"claimed {claimed}, handled {handled}")
    assert {who for who, _ in claimed} == set(PAIR)
    assert {who for who, _ in handled} == set(PAIR)
    assert sum(count for _, count in handled) == len(PROJECTION_NAMES) * BACKLOG


def done_by(club: ClubCluster, what: str) -> list[tuple[Any, ...]]:
    """Return each role and how often it did this."""
    sql = f"SELECT who, count(*) FROM done WHERE what = '{what}' GROUP BY who"
    return [(who, count) for who, count in club.database.rows(sql) if who in PAIR]


def tables_of(club: ClubCluster) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of the subscribers' tables and inboxes, sorted."""
    return {
        table: sorted(club.database.rows(f"SELECT {columns} FROM {table}"))
        for table, columns in TABLES.items()
    }


def name_of(club: ClubCluster) -> str:
    """Return the name of the club's database."""
    return club.settings["database_url"].rpartition("/")[2]


async def fill(database_url: str) -> None:
    """Register books whose events are leased for an hour, so that no relay sends them."""
    engine, bus = create_engine(database_url), build_bus()
    for _ in range(BACKLOG // AT_ONCE):
        async with SQLUnitOfWork(RecordingOutboxTransport(AN_HOUR), engine) as transaction:
            for _ in range(AT_ONCE):
                isbn = an_isbn()
                book = RegisterBook(isbn=isbn, title=f"Volume {isbn.canonical}", author="Many")
                await bus.handle(book, transaction)
            await transaction.commit()
    await engine.dispose()
