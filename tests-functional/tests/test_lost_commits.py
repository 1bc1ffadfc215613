"""A COMMIT whose request or answer a proxy before PostgreSQL loses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.app.accounts.passwords import Passwords
from reading_club.app.application import Application
from reading_club.app.bootstrap.web import build_application
from reading_club.domain.messages import RegisterBook
from reading_club.eventstream.errors import CommitInDoubt
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.testing.builders import an_isbn

ANSWER_LOST = "the answer is lost with the connection"
NO_ANSWER = "the answer is lost, and the connection stays"
REQUEST_LOST = "the request is lost with the connection"
WINDOW = 65536
DEFERRED = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
    " AS $$ BEGIN RAISE unique_violation; END $$",
    "CREATE CONSTRAINT TRIGGER refusal AFTER INSERT ON books DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION refuse()",
)


class Proxy:
    """A TCP proxy that applies ``faults`` to the next COMMITs, one each."""

    def __init__(self, host: str, port: int) -> None:
        self.faults: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self._to = (host, port)

    def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends."""
        self.tasks.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, to_upstream = await asyncio.open_connection(*self._to)
        met: list[str] = []
        answers = asyncio.create_task(_answer(upstream, writer, met))
        with suppress(ConnectionError):
            while data := await reader.read(WINDOW):
                if b"COMMIT\0" in data and self.faults:
                    met.append(self.faults.pop(0))
                if REQUEST_LOST in met:
                    break
                to_upstream.write(data)
        to_upstream.close()
        await answers


async def _answer(
    upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, met: list[str]
) -> None:
    """Forward answers until a fault applies."""
    with suppress(ConnectionError):
        while data := await upstream.read(WINDOW):
            if ANSWER_LOST in met:
                break
            if NO_ANSWER not in met:
                writer.write(data)
    writer.close()


@pytest.fixture
async def direct(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine that bypasses the proxy, on a migrated database."""
    engine = create_engine(database_url)
    await migrations.upgrade(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
async def proxy(direct: AsyncEngine) -> AsyncIterator[tuple[Proxy, int]]:
    """A proxy before the server, and the proxy's port."""
    proxy = Proxy(str(direct.url.host), int(direct.url.port or 0))
    server = await asyncio.start_server(proxy.connect, "127.0.0.1", 0)
    yield proxy, server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.gather(*proxy.tasks)


@pytest.fixture
def faults(proxy: tuple[Proxy, int]) -> list[str]:
    """The list of faults for the next COMMITs."""
    return proxy[0].faults


@pytest.fixture
async def application(
    direct: AsyncEngine, proxy: tuple[Proxy, int], passwords: Passwords
) -> AsyncIterator[Application]:
    """The application, which connects through the proxy, with a command timeout of 0.5 s."""
    url = make_url(direct.url).set(port=proxy[1])
    engine = create_engine(url, connect_args={"command_timeout": 0.5})
    broker = publisher_app("memory://", SUBSCRIBERS)
    yield build_application(
        engine, RecordingOutboxTransport(), broker, passwords, open_until_claimed=True
    )
    await engine.dispose()


def a_command() -> RegisterBook:
    """Return a command for a new book."""
    return RegisterBook(isbn=an_isbn(), title="Doubtful", author="Evans")


async def counted(engine: AsyncEngine) -> tuple[int, int, int]:
    """Return the numbers of books, of BookRegistered events and of outbox rows."""
    events = select(func.count()).where(orm.messages.c.type == "book_registered_v1")
    async with engine.connect() as connection:
        books = await connection.scalar(select(func.count()).select_from(orm.books))
        outbox = await connection.scalar(select(func.count()).select_from(orm.outbox))
        return books or 0, await connection.scalar(events) or 0, outbox or 0


@pytest.mark.parametrize("fault", [ANSWER_LOST, NO_ANSWER, REQUEST_LOST])
async def test_the_command_is_run_once_more(
    application: Application, direct: AsyncEngine, faults: list[str], fault: str
) -> None:
    """After a lost request or answer the caller gets the book; one book and event are stored."""
    faults.append(fault)
    command = a_command()

    book = await application.handle(command)

    assert (book.id, faults) == (command.id, [])
    assert await counted(direct) == (1, 1, 1)


@pytest.mark.parametrize(("fault", "count"), [(ANSWER_LOST, 1), (NO_ANSWER, 1), (REQUEST_LOST, 0)])
async def test_a_second_loss_is_told(
    application: Application, direct: AsyncEngine, faults: list[str], *, fault: str, count: int
) -> None:
    """CommitInDoubt has the id; if the caller repeats the command, one book is stored."""
    faults += [fault, fault]
    command = a_command()

    with pytest.raises(CommitInDoubt) as doubt:
        await application.handle(command)

    assert doubt.value.identifier == command.id
    assert await counted(direct) == (count, count, count)
    again = RegisterBook(**command.model_dump(include={"id", "isbn", "title", "author"}))
    assert (await application.handle(again)).id == command.id
    assert await counted(direct) == (1, 1, 1)


async def test_a_commit_that_is_refused_is_not_in_doubt(
    application: Application, direct: AsyncEngine
) -> None:
    """An error as the answer to COMMIT is raised as such, and no book is stored."""
    async with direct.begin() as connection:
        for statement in DEFERRED:
            await connection.execute(text(statement))

    with pytest.raises(IntegrityError):
        await application.handle(a_command())

    assert await counted(direct) == (0, 0, 0)
