"""A commit whose outcome is unknown: the command is run once more, with the same id."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app.application import Application
from reading_club.app.web.application import create_app
from reading_club.domain.errors import BookAlreadyRegistered
from reading_club.domain.messages import CreateReview, CreateReviewer, RegisterBook, ReviseReview
from reading_club.eventstream.errors import CommitInDoubt, StorageUnavailable
from reading_club.testing.builders import an_isbn

STORED: Final = "stored, and the answer is lost"
LOST: Final = "neither stored nor answered"
AWAY: Final = "the database is away"


class UnreliableSession(Session):
    """A session whose next commit ends as the first of ``endings``; without one it succeeds."""

    endings: list[str]

    async def commit(self) -> None:
        """Commit unless the ending says otherwise, and raise its error."""
        ending = self.endings.pop(0) if self.endings else ""
        if ending == AWAY:
            raise StorageUnavailable(AWAY)
        if ending != LOST:
            await super().commit()
        if ending:
            raise CommitInDoubt("the answer is lost")


class UnreliableUnitOfWork(SQLUnitOfWork):
    """A unit of work on such a session."""

    endings: list[str]

    def _begin(self) -> None:
        super()._begin()
        self.session = self.messagestore.session = UnreliableSession(self.engine, self.tables)
        self.session.endings = self.endings


class UnreliableApplication(Application):
    """An application whose next commits have these endings, in this order; later ones succeed."""

    def __init__(
        self, application: Application, engine: AsyncEngine, transport: RecordingOutboxTransport
    ) -> None:
        parts = (application.reader, application.dependencies, application.passwords)
        super().__init__(self._unreliable, *parts, open_until_claimed=True)
        self.endings: list[str] = []
        self.engine = engine
        self._transport = transport

    def _unreliable(self) -> SQLUnitOfWork:
        unit_of_work = UnreliableUnitOfWork(self._transport, self.engine)
        unit_of_work.endings = self.endings
        return unit_of_work


@pytest.fixture
def unreliable(
    application: Application, engine: AsyncEngine, transport: RecordingOutboxTransport
) -> UnreliableApplication:
    """An application on the same database, without endings until a test sets them."""
    return UnreliableApplication(application, engine, transport)


@pytest.fixture
def browser(unreliable: UnreliableApplication) -> Iterator[TestClient]:
    """An HTTP client of the unreliable application."""
    with TestClient(create_app(unreliable), follow_redirects=False) as client:
        yield client
        assert client.portal is not None
        client.portal.call(unreliable.engine.dispose)


def a_command() -> RegisterBook:
    """Return a command for a new book."""
    return RegisterBook(isbn=an_isbn(), title="Doubtful", author="Author")


async def stored(engine: AsyncEngine, type_: str) -> int:
    """Count the stored messages of a type, and check that each has its row in the outbox."""
    of_type = select(func.count()).where(orm.messages.c.type == type_)
    waiting = of_type.where(orm.messages.c.id == orm.outbox.c.message_id)
    async with engine.connect() as connection:
        count = int((await connection.execute(of_type)).scalar_one())
        assert int((await connection.execute(waiting)).scalar_one()) == count
    return count


@pytest.mark.parametrize("endings", [[STORED], [LOST]])
async def test_a_command_whose_commit_is_in_doubt_is_run_once_more(
    unreliable: UnreliableApplication, endings: list[str]
) -> None:
    """The result is the book, with one event, whether or not the first run was stored."""
    unreliable.endings = list(endings)
    command = a_command()

    book = await unreliable.handle(command)

    assert (book.id, book.title) == (command.id, command.title)
    assert unreliable.endings == []
    assert await stored(unreliable.engine, "book_registered_v1") == 1
    await unreliable.engine.dispose()


@pytest.mark.parametrize("first", [STORED, LOST])
@pytest.mark.parametrize("second", [STORED, LOST, AWAY])
async def test_a_second_failure_leaves_it_in_doubt(
    unreliable: UnreliableApplication, first: str, second: str
) -> None:
    """CommitInDoubt carries the id, and a repeated command returns the same book with one event."""
    unreliable.endings = [first, second]
    command = a_command()

    with pytest.raises(CommitInDoubt) as doubt:
        await unreliable.handle(command)

    assert doubt.value.identifier == command.id
    again = command.model_copy(update={"message_id": uuid7()})
    assert (await unreliable.handle(again)).id == command.id
    assert await stored(unreliable.engine, "book_registered_v1") == 1
    await unreliable.engine.dispose()


async def test_a_refusal_of_the_second_try_is_the_answer(unreliable: UnreliableApplication) -> None:
    """If another book has the ISBN, the second run raises BookAlreadyRegistered."""
    command = a_command()
    await unreliable.handle(command.model_copy(update={"id": uuid7(), "message_id": uuid7()}))
    unreliable.endings = [LOST]

    with pytest.raises(BookAlreadyRegistered):
        await unreliable.handle(command)

    await unreliable.engine.dispose()


async def test_an_outage_before_a_commit_is_no_doubt(unreliable: UnreliableApplication) -> None:
    """StorageUnavailable is raised without a second run, because nothing was stored."""
    unreliable.endings = [AWAY, LOST]

    with pytest.raises(StorageUnavailable, match=AWAY) as failure:
        await unreliable.handle(a_command())

    assert not isinstance(failure.value, CommitInDoubt)
    assert unreliable.endings == [LOST]
    await unreliable.engine.dispose()


async def test_each_command_may_meet_its_own_success(unreliable: UnreliableApplication) -> None:
    """The second run of each command returns the stored entity, and adds no second event."""
    book, reviewer = a_command(), CreateReviewer(nickname="Reader")
    review = CreateReview(book_id=book.id, reviewer_id=reviewer.id, rating=7)
    for command in (book, reviewer, review, ReviseReview(id=review.id, rating=8)):
        unreliable.endings = [STORED]
        assert (await unreliable.handle(command)).id == command.id

    for event in ("book_registered", "reviewer_created", "review_created", "review_revised"):
        assert await stored(unreliable.engine, f"{event}_v1") == 1
    await unreliable.engine.dispose()


def test_a_problem_of_its_own_names_the_id(
    browser: TestClient, unreliable: UnreliableApplication
) -> None:
    """503 with the id that the server chose; a repeated request with that id gets 201."""
    book = {"title": "Doubtful", "author": "Author", "isbn": str(an_isbn())}
    unreliable.endings = [STORED, AWAY]

    answer = browser.post("/api/books", json=book)

    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (503, 503)
    assert problem["type"] == "urn:reading-club:problem:commit-in-doubt"
    assert problem["id"] in problem["detail"]
    again = browser.post("/api/books", json={**book, "id": str(UUID(problem["id"]))})
    assert (again.status_code, again.json()["id"]) == (201, problem["id"])


def test_other_problems_name_no_id(browser: TestClient) -> None:
    """The member ``id`` is absent from other problem details."""
    assert "id" not in browser.get(f"/api/books/{uuid7()}").json()
