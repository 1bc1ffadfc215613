"""Following books and the club: the API and the pages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.testing.notices import handle_all
from reading_club.app.testing.person import Person, follow, problem_of, send
from reading_club.service.accounts.accounts import Role
from reading_club.testing.builders import an_isbn

ME = "/api/me/notifications"
NONE = "0199e3a0-0000-7000-8000-000000000000"
Work = Callable[[], None]


@pytest.fixture
def work(client: TestClient, application: Application, transport: RecordingOutboxTransport) -> Work:
    """Let the subscriber handle all events so far, those that it has handled as well."""

    def handle() -> None:
        assert client.portal is not None
        client.portal.call(handle_all, application, transport.handed_over)

    return handle


def add_book(person: Person, title: str = "A book", author: str = "An author") -> str:
    """Register a book and return its id."""
    book = {"title": title, "author": author, "isbn": str(an_isbn())}
    id_: str = person.post("/api/books", json=book).json()["id"]
    return id_


def rate(person: Person, book: str, rating: int) -> None:
    """Review a book."""
    assert person.put(f"/api/books/{book}/review", json={"rating": rating}).status_code == 201


def feed_of(person: Person) -> str:
    """Make a feed and return the path of its link."""
    url: str = person.post(f"{ME}/feed").json()["url"]
    assert url.startswith("http://testserver/following.atom?token=")
    return url.removeprefix("http://testserver")


def titles_in(feed: Any) -> list[str]:
    """Return the titles of the entries of a feed."""
    assert feed.headers["content-type"] == "application/atom+xml"
    return re.findall(r"<entry>.*?<title>(.*?)</title>", feed.text, re.DOTALL)


def test_a_member_follows_by_the_api(member: Person) -> None:
    """What is followed is listed; a second request is as good as the first."""
    first, second = add_book(member, "First"), add_book(member, "Second")
    paths = [f"{ME}/club", f"{ME}/books/{first}", f"{ME}/books/{second}"]

    followed = [member.put(path).status_code for path in [*paths, *paths]]
    all_ = member.get(ME).json()
    ended = [member.delete(path).status_code for path in [*paths[:2], *paths[:2]]]

    assert set(followed + ended) == {204}
    assert (all_["club"], all_["feed_created_at"]) == (True, None)
    assert sorted(book["title"] for book in all_["books"]) == ["First", "Second"]
    left = member.get(ME).json()
    assert (left["club"], left["books"]) == (False, [{"id": second, "title": "Second"}])


def test_a_book_that_is_not_there_is_not_followed(member: Person) -> None:
    """404, also on the page."""
    assert problem_of(member.put(f"{ME}/books/{NONE}")) == (404, "book-not-found")
    assert send(member, f"/books/{NONE}/follow").status_code == 404
    assert member.get(ME).json()["books"] == []


def test_the_page_of_a_book_has_a_button(member: Person, visitor: Person) -> None:
    """It says what it does, and the page says what was done; a visitor has none."""
    book = add_book(member, "Followed")
    page = member.get(f"/books/{book}").text

    followed = follow(member, send(member, f"/books/{book}/follow"))
    ended = follow(member, send(member, f"/books/{book}/unfollow"))

    assert "Follow this book" in page
    assert "Follow this book" in ended
    assert "Stop following this book" in followed
    assert "You follow this book now" in followed
    assert "You do not follow this book any more." in ended
    assert "Follow this book" not in visitor.get(f"/books/{book}").text


def test_the_account_page_tells_what_is_followed(member: Person) -> None:
    """The club, by a button, and the books, with links."""
    book = add_book(member, "<b>Followed")
    send(member, f"/books/{book}/follow")

    page = follow(member, send(member, "/account/following/club"))
    ended = follow(member, send(member, "/account/following/club/stop"))

    assert "You follow the club now." in page
    assert "Stop following the club" in page
    assert f'<a href="/books/{book}"><bdi>&lt;b&gt;Followed</bdi></a>' in page
    assert "You do not follow the club any more." in ended
    assert '<button class="quiet">Follow the club</button>' in ended


def test_the_feed_tells_what_is_new_in_what_is_followed(
    member: Person, organiser: Person, work: Work
) -> None:
    """Once for each event, the newest first; not what the member wrote."""
    member.put(f"{ME}/club")
    feed = feed_of(member)
    book = add_book(organiser, "Tom & <Jerry>")
    rate(organiser, book, 7)
    rate(member, book, 2)
    work()
    work()

    answer = member.client.get(feed)

    assert titles_in(answer) == [
        "Olga rated “Tom &amp; &lt;Jerry&gt;” 7 of 10.",
        "“Tom &amp; &lt;Jerry&gt;” by An author joined the shelf.",
    ]
    assert answer.headers["cache-control"] == "no-store"
    assert f'href="http://testserver/books/{book}"' in answer.text


def test_the_feed_of_a_reader_has_the_reviews_of_the_book_alone(
    member: Person, organiser: Person, work: Work
) -> None:
    """A withdrawn one is not told any more."""
    book, other = add_book(organiser, "Followed"), add_book(organiser, "Other")
    member.put(f"{ME}/books/{book}")
    feed = feed_of(member)
    rate(organiser, book, 7)
    rate(organiser, other, 7)
    work()
    told = titles_in(member.client.get(feed))
    organiser.delete(f"/api/books/{book}/review")

    assert told == ["Olga rated “Followed” 7 of 10."]
    assert titles_in(member.client.get(feed)) == []


def test_a_feed_needs_its_secret(member: Person, client: TestClient) -> None:
    """A wrong one, none, and one that was replaced or revoked open nothing."""
    old, new = feed_of(member), feed_of(member)
    opened = [client.get(feed).status_code for feed in (old, new, "/following.atom", f"{new}x")]

    revoked = [member.delete(f"{ME}/feed").status_code for _ in range(2)]

    assert opened == [403, 200, 403, 403]
    assert revoked == [204, 404]
    assert problem_of(client.get(new)) == (403, "link-not-valid")


def test_the_account_page_makes_and_ends_the_feed(member: Person, client: TestClient) -> None:
    """The link is on the page once; a session is none of the feed's business."""
    made = send(member, "/account/following/feed").text
    (link,) = re.findall(r'value="http://testserver(/following\.atom\?token=[\w-]{43})"', made)
    page = member.get("/account").text
    opened = client.get(link)

    ended = follow(member, send(member, "/account/following/feed/revoke"))

    assert link.rpartition("=")[2] not in page
    assert "You have a private feed since" in page
    assert opened.status_code == 200
    assert "Your feed has ended." in ended
    assert client.get(link).status_code == 403


def test_the_words_of_an_erased_member_are_told_no_more(
    member: Person, enter: Any, work: Work
) -> None:
    """Neither the nickname nor the rating of who left with all words."""
    member.put(f"{ME}/club")
    feed = feed_of(member)
    ann, book = enter("Ann", Role.MEMBER), add_book(member, "Rated")
    rate(ann, book, 7)
    work()
    told = member.client.get(feed).text
    ann.post("/api/me/leave", json={"erase": True, "password": "correct horse"})

    assert "Ann rated" in told
    assert "rated" not in member.client.get(feed).text
