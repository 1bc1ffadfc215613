"""Concurrent changes of a review, conflicts, and a commit in doubt: no change is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla.review_repository import SQLReviewRepository
from reading_club.adapters.uow_sqla.session import Session
from reading_club.app.testing.person import Person
from reading_club.app.web.etags import etag
from reading_club.domain.model import Review
from reading_club.eventstream.errors import CommitInDoubt, WriteConflict

BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
GOOD = {"rating": 7, "comment": "Good."}
BETTER = {"rating": 8, "comment": "Better."}


@pytest.fixture
def path(organiser: Person) -> str:
    """The path of the caller's review of a book."""
    return f"/api/books/{organiser.post('/api/books', json=BOOK).json()['id']}/review"


def types_of(transport: RecordingOutboxTransport) -> list[str]:
    """Return the types of the events on reviews, in their order."""
    types = [event["type"] for event in transport.handed_over]
    return [type_ for type_ in types if type_.startswith("review_")]


def revise(person: Person, path: str, version: int, said: Any) -> Any:
    """Send a PUT that expects this version."""
    return person.put(path, json=said, headers={"if-match": etag(version)})


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Eight threads."""
    with ThreadPoolExecutor(8) as pool:
        yield pool


def put_at_once(
    pool: ThreadPoolExecutor, person: Person, path: str, headers: dict[str, str]
) -> list[int]:
    """Send eight PUT requests at once, with different content, and return the statuses, sorted."""
    headers = {**headers, "cookie": f"session={person.cookies['session']}"}
    reviews = [{"rating": n, "comment": str(uuid7())} for n in range(8)]
    sent = [pool.submit(person.client.put, path, json=each, headers=headers) for each in reviews]
    return sorted(each.result().status_code for each in sent)


def test_of_parallel_first_reviews_one_is_stored(
    member: Person, path: str, pool: ThreadPoolExecutor, transport: RecordingOutboxTransport
) -> None:
    """One 201; the others are told that there is a review to revise."""
    assert put_at_once(pool, member, path, {}) == [201, *[428] * 7]
    assert len(member.get(f"{path}s").json()["items"]) == 1
    assert types_of(transport) == ["review_created_v1"]


def test_of_parallel_revisions_one_is_stored(
    member: Person, path: str, pool: ThreadPoolExecutor, transport: RecordingOutboxTransport
) -> None:
    """One 200; the others, which expected the same version, get 412."""
    member.put(path, json={"rating": 9})
    for version in range(1, 6):
        answers = put_at_once(pool, member, path, {"if-match": etag(version)})

        assert answers == [200, *[412] * 7]
    assert types_of(transport) == ["review_created_v1", *["review_revised_v1"] * 5]


def test_of_parallel_rewritings_one_is_stored(
    member: Person, path: str, pool: ThreadPoolExecutor
) -> None:
    """A withdrawn review is written again once."""
    member.put(path, json=GOOD)
    member.delete(path)

    assert put_at_once(pool, member, path, {}) == [201, *[428] * 7]
    assert member.get(path).headers["etag"] == '"3"'


@pytest.mark.parametrize(("conflicts", "status"), [(1, 200), (2, 503)])
def test_a_conflict_is_run_again(
    member: Person, path: str, monkeypatch: pytest.MonkeyPatch, conflicts: int, status: int
) -> None:
    """A transaction that others overtake is repeated once, then answered with 503."""
    member.put(path, json=GOOD)
    update, left = SQLReviewRepository.update, [None] * conflicts

    async def overtaken(self: SQLReviewRepository, review: Review) -> None:
        if left:
            left.pop()
            raise WriteConflict("another transaction was faster")
        await update(self, review)

    monkeypatch.setattr(SQLReviewRepository, "update", overtaken)

    assert revise(member, path, 1, BETTER).status_code == status


def test_a_revision_whose_commit_is_in_doubt_is_not_refused_as_stale(
    member: Person, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with the id: the version that the second run finds may be that of the first."""
    review = member.put(path, json=GOOD).json()
    commit = Session.commit

    async def unanswered(self: Session) -> None:
        monkeypatch.setattr(Session, "commit", commit)
        await commit(self)
        raise CommitInDoubt("the answer is lost")

    monkeypatch.setattr(Session, "commit", unanswered)

    problem = revise(member, path, 1, BETTER).json()

    assert (problem["status"], problem["id"]) == (503, review["id"])
    assert member.get(path).json()["rating"] == 8
