"""``/api/books/{id}/reviews``, ``/api/reviewers``, and the ratings of a book."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7

from reading_club.app.application import Application
from reading_club.domain.messages import (
    BookRegistered,
    CreateReview,
    CreateReviewer,
    RegisterBook,
    ReviewCreated,
    WithdrawReview,
)
from reading_club.domain.model import Review
from reading_club.service.projections import catalogue
from reading_club.testing.builders import an_isbn

RATINGS = (7, 0, 7, 10)


@pytest.fixture
def reviewed(application: Application, client: TestClient) -> Sequence[Review]:
    """Four reviews of one book, the last of them withdrawn, with their effect on the catalogue."""

    async def write() -> Sequence[Review]:
        book = await application.handle(
            RegisterBook(isbn=an_isbn(), title="One", author="Eric Evans")
        )
        events: list[BookRegistered | ReviewCreated] = [
            BookRegistered(id=book.id, isbn=book.isbn, title="One", author="Eric Evans")
        ]
        reviews = []
        for number, rating in enumerate(RATINGS):
            reviewer = await application.handle(CreateReviewer(nickname=f"Reader {number}"))
            review = await application.handle(
                CreateReview(
                    book_id=book.id, reviewer_id=reviewer.id, rating=rating, comment=f"No. {number}"
                )
            )
            events.append(ReviewCreated(**review.model_dump(exclude={"withdrawn"})))
            reviews.append(review)
        last = reviews[-1]
        await application.handle(WithdrawReview(id=last.id, withdrawn_by=last.reviewer_id))
        async with application.unit_of_work() as transaction:
            for event in events[:-1]:
                await catalogue.handle(event, transaction.uow)
            await transaction.commit()
        return reviews

    assert client.portal is not None
    return client.portal.call(write)


def test_a_book_has_the_reviews_that_are_not_withdrawn(
    client: TestClient, reviewed: Sequence[Review]
) -> None:
    """They are listed newest first, in pages, each with its reviewer and its times."""
    path = f"/api/books/{reviewed[0].book_id}/reviews"

    first = client.get(path, params={"limit": 2}).json()
    second = client.get(path, params={"limit": 2, "cursor": first["next_cursor"]}).json()

    listed = first["items"] + second["items"]
    assert [each["id"] for each in listed] == [str(reviewed[n].id) for n in (2, 1, 0)]
    assert second["next_cursor"] is None
    newest = listed[0]
    assert newest == {
        "id": str(reviewed[2].id),
        "reviewer": {"id": str(reviewed[2].reviewer_id), "nickname": "Reader 2"},
        "rating": 7,
        "comment": "No. 2",
        "version": 1,
        "created_at": newest["created_at"],
        "updated_at": newest["created_at"],
    }


def test_a_book_has_its_ratings(client: TestClient, reviewed: Sequence[Review]) -> None:
    """Count, mean and distribution are in the book, and in the list."""
    book_id = reviewed[0].book_id

    book = client.get(f"/api/books/{book_id}").json()

    assert book["ratings"] == {
        "count": 3,
        "mean": pytest.approx(14 / 3),
        "distribution": [1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0],
    }
    assert client.get("/api/books").json()["items"] == [book]


def test_a_reviewer_has_a_nickname(client: TestClient, reviewed: Sequence[Review]) -> None:
    """A known id is answered with the nickname."""
    reviewer_id = str(reviewed[1].reviewer_id)

    answer = client.get(f"/api/reviewers/{reviewer_id}").json()

    assert answer == {"id": reviewer_id, "nickname": "Reader 1"}


@pytest.mark.parametrize("path", ["/api/books/{}/reviews", "/api/reviewers/{}"])
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    """An unknown id is answered with 404, that of no UUID with 422."""
    unknown: UUID = uuid7()

    assert client.get(path.format(unknown)).status_code == 404
    assert client.get(path.format("no-id")).status_code == 422
