"""PostgreSQL refuses for a time: the web answers 503 with the reason, and 201 afterwards."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.session import Session
from reading_club.app.accounts.passwords import Passwords
from reading_club.app.bootstrap.web import build_application
from reading_club.app.web.application import create_app
from reading_club.eventstream.errors import StorageBusy
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.testing.builders import an_isbn
from reading_club_functional.servers import PostgreSQLServer

LOCKED = "LOCK TABLE books, catalogue IN ACCESS EXCLUSIVE MODE"


@pytest.fixture
def role(postgresql: PostgreSQLServer) -> Iterator[str]:
    """A database role of this test alone, without superuser privileges."""
    name = f"member_{uuid4().hex}"
    postgresql.psql(f"CREATE ROLE {name} LOGIN")
    yield name
    postgresql.psql(f"DROP ROLE {name}")


@pytest.fixture
async def operator(database_url: str, role: str) -> AsyncIterator[AsyncEngine]:
    """A superuser's engine on a migrated database, with all rights granted to the role."""
    engine = create_engine(database_url)
    await migrations.upgrade(engine)
    await do(engine, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    await do(engine, f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
    yield engine
    await do(engine, f"DROP OWNED BY {role}")
    await engine.dispose()


@pytest.fixture
async def engine(database_url: str, role: str, operator: AsyncEngine) -> AsyncIterator[AsyncEngine]:  # noqa: ARG001  # migrates first
    """The club's engine, connected as the role."""
    engine = create_engine(make_url(database_url).set(username=role))
    yield engine
    await engine.dispose()


@pytest.fixture
async def browser(engine: AsyncEngine, passwords: Passwords) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client of a club on that engine."""
    broker = publisher_app("memory://", SUBSCRIBERS)
    application = build_application(
        engine, RecordingOutboxTransport(), broker, passwords, open_until_claimed=True
    )
    transport = httpx2.ASGITransport(create_app(application))
    async with httpx2.AsyncClient(transport=transport, base_url="http://club") as client:
        yield client


async def do(engine: AsyncEngine, statement: str) -> None:
    """Run a statement in its own transaction."""
    async with engine.begin() as connection:
        await connection.execute(text(statement))


@asynccontextmanager
async def locked(engine: AsyncEngine) -> AsyncIterator[None]:
    """Lock tables exclusively, as an ALTER TABLE does."""
    async with engine.begin() as connection:
        await connection.execute(text(LOCKED))
        yield


async def post(browser: httpx2.AsyncClient) -> tuple[int, str]:
    """Register a book, and return the status and the detail of the answer."""
    book = {"title": "Refused", "author": "Evans", "isbn": an_isbn().canonical}
    answer = await browser.post("/api/books", json=book)
    return answer.status_code, answer.json().get("detail", "")


@pytest.mark.parametrize(
    ("spoil", "mend", "reason"),
    [
        (
            "ALTER ROLE {role} SET default_transaction_read_only = on",
            "ALTER ROLE {role} RESET ALL",
            "the database is read-only",
        ),
        (
            "ALTER ROLE {role} NOLOGIN",
            "ALTER ROLE {role} LOGIN",
            "the database refuses the log-in",
        ),
        (
            "ALTER ROLE {role} CONNECTION LIMIT 0",
            "ALTER ROLE {role} CONNECTION LIMIT -1",
            "the database has too many connections",
        ),
        (
            "REVOKE INSERT ON books FROM {role}",
            "GRANT INSERT ON books TO {role}",
            "the database refuses access to what is needed",
        ),
        (
            "ALTER TABLE books RENAME TO elsewhere",
            "ALTER TABLE elsewhere RENAME TO books",
            "the database's schema is not the one that this release needs",
        ),
        (
            "ALTER TABLE inbox RENAME received_at TO elsewhere",
            "ALTER TABLE inbox RENAME elsewhere TO received_at",
            "",
        ),
    ],
    ids=["read-only", "log-in", "connections", "rights", "table", "not concerned"],
)
async def test_what_is_refused_now(  # three texts of a case, and the fixtures
    browser: httpx2.AsyncClient,
    engine: AsyncEngine,
    operator: AsyncEngine,
    role: str,
    *,
    spoil: str,
    mend: str,
    reason: str,
) -> None:
    """The answer is 503 with the reason; after the repair, the next request succeeds."""
    assert (await post(browser))[0] == 201
    await do(operator, spoil.format(role=role))
    await engine.dispose()

    refused = await post(browser)

    assert refused == ((503, reason) if reason else (201, ""))
    await do(operator, mend.format(role=role))
    await engine.dispose()
    assert (await post(browser))[0] == 201


async def test_a_database_that_does_not_exist(database_url: str, passwords: Passwords) -> None:
    """A missing database is an outage (503), since a restore may create it again."""
    engine = create_engine(make_url(database_url).set(database="nowhere"))
    broker = publisher_app("memory://", SUBSCRIBERS)
    application = build_application(
        engine, RecordingOutboxTransport(), broker, passwords, open_until_claimed=True
    )
    transport = httpx2.ASGITransport(create_app(application))

    async with httpx2.AsyncClient(transport=transport, base_url="http://club") as browser:
        assert await post(browser) == (503, "the database does not exist")

    await engine.dispose()


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("statement_timeout = '100ms'", "the database did not finish a statement in time"),
        ("lock_timeout = '100ms'", "the database did not get a lock in time"),
    ],
    ids=["statement", "lock"],
)
async def test_a_time_limit_of_the_server(
    browser: httpx2.AsyncClient,
    engine: AsyncEngine,
    operator: AsyncEngine,
    role: str,
    *,
    setting: str,
    reason: str,
) -> None:
    """A locked table gives 503 and StorageBusy; after the lock, writes succeed."""
    await do(operator, f"ALTER ROLE {role} SET {setting}")

    async with locked(operator):
        answers = await asyncio.gather(*[post(browser) for _ in range(4)])
        page = await browser.get("/api/books")
        session = Session(engine, orm.stream)
        with pytest.raises(StorageBusy, match=reason):
            await session.read(text("SELECT * FROM catalogue"))
        await session.close()

    assert answers == [(503, reason)] * 4
    assert (page.status_code, page.json()["detail"]) == (503, reason)
    assert (await post(browser))[0] == 201
