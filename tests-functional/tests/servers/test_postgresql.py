"""What only the private PostgreSQL can do."""

from collections.abc import Iterator

import asyncpg
import pytest

from reading_club_functional.requirements import require
from reading_club_functional.servers import PostgreSQLServer


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    """One server for the module, with a setting of our own."""
    require(PostgreSQLServer)
    with PostgreSQLServer({"cluster_name": "the club's"}) as server:
        yield server


def test_a_database_is_made_from_a_template(server: PostgreSQLServer) -> None:
    """Tests copy a migrated database instead of migrating one each."""
    server.create_database("template")
    server.psql("CREATE TABLE book AS SELECT 'Momo' AS title", "template")

    copy = server.create_database(template="template")

    assert server.psql("SELECT title FROM book", copy.rpartition("/")[2]) == "Momo"


async def test_a_dropped_database_is_gone_in_spite_of_its_sessions(
    server: PostgreSQLServer,
) -> None:
    """A test that forgot to close a connection does not keep the database alive."""
    url = server.create_database()
    session = await asyncpg.connect(url.replace("+asyncpg", ""))

    server.drop_database(url)

    session.terminate()
    assert url.rpartition("/")[2] not in server.psql("SELECT datname FROM pg_database")


async def test_an_open_session_freezes_with_its_server(server: PostgreSQLServer) -> None:
    """A pool meets silence on the connections it has, not only on new ones."""
    session = await asyncpg.connect(server.url.replace("+asyncpg", ""))
    server.freeze()

    with pytest.raises(TimeoutError):
        await session.fetchval("SELECT 1", timeout=0.5)

    server.thaw()
    session.terminate()


def test_settings_are_run_time_parameters(server: PostgreSQLServer) -> None:
    """And they may hold what a shell would choke on."""
    assert server.psql("SHOW cluster_name") == "the club's"


def test_case_is_folded_by_unicode_on_every_machine(server: PostgreSQLServer) -> None:
    """Whatever the locale of the machine is."""
    assert server.psql("SELECT lower('ÉÄ')") == "éä"
