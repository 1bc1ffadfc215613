"""Features that only the private PostgreSQL server has."""

from collections.abc import Iterator

import asyncpg
import pytest

from reading_club_functional.servers import PostgreSQLServer


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    """A server for the module, with a setting."""
    with PostgreSQLServer({"cluster_name": "the club's"}) as server:
        yield server


def test_a_database_is_made_from_a_template(server: PostgreSQLServer) -> None:
    """A copy has the rows of its template, so that tests can copy a migrated database."""
    template = server.create_database().rpartition("/")[2]
    server.psql("CREATE TABLE book AS SELECT 'Momo' AS title", template)

    copy = server.create_database(template)

    assert server.psql("SELECT title FROM book", copy.rpartition("/")[2]) == "Momo"


async def test_a_dropped_database_is_gone_in_spite_of_its_sessions(
    server: PostgreSQLServer,
) -> None:
    """A connection that a test left open does not prevent the DROP."""
    url = server.create_database()
    session = await asyncpg.connect(url.replace("+asyncpg", ""))

    server.drop_database(url)

    session.terminate()
    assert url.rpartition("/")[2] not in server.psql("SELECT datname FROM pg_database")


async def test_an_open_session_freezes_with_its_server(server: PostgreSQLServer) -> None:
    """Open connections, too, get no answer while the server is frozen."""
    session = await asyncpg.connect(server.url.replace("+asyncpg", ""))
    server.freeze()

    with pytest.raises(TimeoutError):
        await session.fetchval("SELECT 1", timeout=0.5)

    server.thaw()
    session.terminate()


def test_settings_are_run_time_parameters(server: PostgreSQLServer) -> None:
    """A setting's value may contain characters that are special to a shell."""
    assert server.psql("SHOW cluster_name") == "the club's"


def test_case_is_folded_by_unicode_on_every_machine(server: PostgreSQLServer) -> None:
    """``lower`` folds accented letters, independently of the machine's locale."""
    assert server.psql("SELECT lower('ÉÄ')") == "éä"
