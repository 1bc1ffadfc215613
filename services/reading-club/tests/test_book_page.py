"""The page of a book: its ratings, its reviews, and what it may say."""

import re

import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.web.books.covers import PATTERNS, cover_of
from reading_club.domain.messages import (
    BookRegistered,
    CreateReview,
    CreateReviewer,
    RegisterBook,
    ReviewCreated,
)
from reading_club.domain.model import Book
from reading_club.service.projections import catalogue
from reading_club.testing.builders import an_isbn

RATINGS = (7, 0, 7) + (10,) * 19


@pytest.fixture
def book(application: Application, client: TestClient) -> Book:
    """A book with 22 reviews, whose ratings are not counted yet."""

    async def write() -> Book:
        registered: Book = await application.handle(
            RegisterBook(isbn=an_isbn(), title="אבא", author="Michael Ende")
        )
        for number, rating in enumerate(RATINGS):
            reviewer = await application.handle(CreateReviewer(nickname=f"Reader {number}"))
            command = CreateReview(
                book_id=registered.id,
                reviewer_id=reviewer.id,
                rating=rating,
                comment=f"<b>No. {number}</b>",
            )
            await application.handle(command)
        return registered

    assert client.portal is not None
    return client.portal.call(write)


@pytest.fixture
def counted(application: Application, client: TestClient, book: Book) -> Book:
    """The book, with its ratings in the catalogue."""

    async def count() -> None:
        async with application.unit_of_work() as transaction:
            uow = transaction.uow
            await catalogue.handle(BookRegistered(**book.model_dump()), uow)
            for listed in await uow.reviews.page(book_id=book.id):
                event = ReviewCreated(**listed.review.model_dump(exclude={"withdrawn"}))
                await catalogue.handle(event, uow)
            await transaction.commit()

    assert client.portal is not None
    client.portal.call(count)
    return book


def test_the_ratings_are_bars_and_numbers(client: TestClient, counted: Book) -> None:
    """The mean is in words, and each of the eleven ratings has a bar and its number."""
    page = client.get(f"/books/{counted.id}").text

    assert "<strong>9.3 of 10</strong> from 22 reviews" in page
    rows = re.findall(
        r'<th scope="row">(\d+)</th>.*?width="([\d.]+)" .*?<td>(\d+)</td>', page, re.S
    )
    assert [(int(rating), int(number)) for rating, _, number in rows] == [
        (10, 19), (9, 0), (8, 0), (7, 2), (6, 0), (5, 0), (4, 0), (3, 0), (2, 0), (1, 0), (0, 1),
    ]  # fmt: skip


def test_reviews_are_listed_newest_first(client: TestClient, counted: Book) -> None:
    """Twenty are on a page, each with its name, rating and time; comments are plain text."""
    path = f"/books/{counted.id}"

    page = client.get(path).text
    link = page.split(f'href="{path}?cursor=')[1].split('"')[0]
    rest = client.get(path, params={"cursor": link}).text

    expected = [f"Reader {number}" for number in reversed(range(22))]
    names = [re.findall(r"<h3><bdi>(.*?)</bdi></h3>", text) for text in (page, rest)]
    assert names == [expected[:20], expected[20:]]
    assert '<p class="comment" dir="auto">&lt;b&gt;No. 21&lt;/b&gt;</p>' in page
    assert re.search(r'10 of 10 · <time datetime="[^"]+" title="[^"]+ UTC">just now</time>', page)
    assert f'<a href="{path}">Newest reviews</a>' in rest


def test_ratings_that_are_not_counted_yet_are_announced(client: TestClient, book: Book) -> None:
    """Reviews that the catalogue has not received are shown, without a mean."""
    page = client.get(f"/books/{book.id}").text

    assert "The ratings are counted in a moment." in page
    assert "Reader 21" in page


def test_a_book_without_reviews_says_so(client: TestClient) -> None:
    """The page has no rating, no review and no bar."""
    body = {"title": "Momo", "author": "Michael Ende", "isbn": an_isbn()}
    book_id = client.post("/api/books", json=body).json()["id"]

    page = client.get(f"/books/{book_id}").text

    assert "This book has no rating yet." in page
    assert "There is no review of this book yet." in page
    assert 'class="bar"' not in page


def test_the_title_of_the_page_is_isolated(client: TestClient, book: Book) -> None:
    """A Hebrew title does not turn the name of the club around."""
    page = client.get(f"/books/{book.id}").text

    assert "<title>\u2068אבא\u2069 · Reading club</title>" in page


@pytest.mark.parametrize("said", ["Send money", "<b>", "added2", ""])
def test_an_address_cannot_put_words_on_a_page(client: TestClient, book: Book, said: str) -> None:
    """Only the club's own sentences are shown."""
    page = client.get(f"/books/{book.id}", params={"said": said}).text

    assert 'class="notice"' not in page
    assert not said or said not in page.replace("<bdi>", "")


def test_a_cover_is_the_same_each_time_and_differs_between_books() -> None:
    """Of 200 books at least 120 covers differ, and every pattern occurs."""
    isbns = [an_isbn(number).canonical for number in range(200)]
    covers = [cover_of(isbn) for isbn in isbns]

    assert covers == [cover_of(isbn) for isbn in isbns]
    assert len(set(covers)) >= 120
    assert {cover.pattern for cover in covers} == set(PATTERNS)


def test_every_pattern_is_drawn(client: TestClient, book: Book) -> None:
    """The page defines each pattern, and draws the book with one of them, without inline style."""
    page = client.get(f"/books/{book.id}").text

    assert set(re.findall(r'<pattern id="(\w+)"', page)) == set(PATTERNS)
    assert f'fill="url(#{cover_of(book.isbn_digits or "").pattern})"' in page
    assert "style=" not in page
