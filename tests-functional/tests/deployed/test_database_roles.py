"""The roles of PostgreSQL: migrations own the tables, everything else reads and writes rows."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.eventstream.errors import StorageUnavailable
from reading_club_functional.database import Database
from reading_club_functional.deployed.roles import APP, OWNER, as_role, make_roles
from reading_club_functional.servers import PostgreSQLServer

FORBIDDEN = (
    "CREATE TABLE mine (id integer)",
    "CREATE TEMPORARY TABLE mine (id integer)",
    "CREATE SCHEMA mine",
    "CREATE INDEX mine ON books (title)",
    "ALTER TABLE books ADD COLUMN mine integer",
    "DROP TABLE outbox",
    "TRUNCATE messages",
    "UPDATE alembic_version SET version_num = 'mine'",
    "DELETE FROM alembic_version",
    f"SET ROLE {OWNER}",
)


async def migrate(url: str) -> None:
    """Bring the schema of a database up."""
    engine = create_engine(url)
    await migrations.upgrade(engine)
    await engine.dispose()


@pytest.fixture(scope="module")
def url(postgresql: PostgreSQLServer) -> Iterator[str]:
    """A database with the roles, migrated by the owner."""
    url = postgresql.create_database()
    make_roles(postgresql, url)
    asyncio.run(migrate(as_role(url, OWNER)))
    yield url
    postgresql.drop_database(url)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_defines_nothing(url: str, statement: str) -> None:
    """Neither tables nor the version of the schema are within its rights."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        Database(as_role(url, APP)).rows(statement)


def test_the_application_has_the_rows_of_every_table(
    url: str, postgresql: PostgreSQLServer
) -> None:
    """Also of those that a later migration makes, and of their sequences."""
    Database(as_role(url, OWNER)).rows(
        "CREATE TABLE later (id integer GENERATED ALWAYS AS IDENTITY, number serial, word text)"
    )
    app = Database(as_role(url, APP))

    app.rows("INSERT INTO later (word) VALUES ('one')")
    app.rows("UPDATE later SET word = 'two'")
    assert app.rows("SELECT id, number, word FROM later") == [(1, 1, "two")]
    app.rows("DELETE FROM later")
    Database(as_role(url, OWNER)).rows("DROP TABLE later")

    rights = "SELECT", "INSERT", "UPDATE", "DELETE"
    tables = "relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ours = " AND ".join(f"has_table_privilege('{APP}', oid, '{right}')" for right in rights)
    name = url.rpartition("/")[2]
    without = f"SELECT relname FROM pg_class WHERE {tables} AND NOT ({ours})"
    assert postgresql.psql(without, name) == "alembic_version"


def test_the_roles_can_be_made_again(url: str, postgresql: PostgreSQLServer) -> None:
    """As for a club that exists: nothing is lost or gained."""
    make_roles(postgresql, url)

    assert Database(as_role(url, APP)).count("alembic_version") == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        Database(as_role(url, APP)).rows("DELETE FROM alembic_version")


def test_another_role_cannot_connect(url: str, postgresql: PostgreSQLServer) -> None:
    """A database is open to the two roles alone, and not to every role of the server."""
    postgresql.psql("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN")

    async def connect() -> None:
        await asyncpg.connect(as_role(url, "stranger").replace("+asyncpg", ""))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        asyncio.run(connect())


async def test_the_application_cannot_migrate(url: str) -> None:
    """A schema that is behind stays as it is, and the reason is told."""
    engine = create_engine(as_role(url, APP))

    with pytest.raises(StorageUnavailable, match="refuses access"):
        await migrations.downgrade(engine, "base")
    assert (await migrations.state(engine)).usable

    await engine.dispose()
