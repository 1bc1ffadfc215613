"""``/activity.atom``, as a feed reader reads it."""

from typing import Any

import feedparser  # type: ignore[import-untyped] # it has no types
import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.app.application import Application
from reading_club.app.testing.activity import let_happen
from reading_club.app.testing.person import Person
from reading_club.app.web.application import create_app
from reading_club.app.web.policy import WebPolicy
from reading_club.domain.messages import ClubEvent, ReviewCreated
from reading_club.service.activity import ActivityEntry
from reading_club.testing.builders import an_event

FEED = "/activity.atom"
HOSTILE = '<b>Tom & "Jerry"</b> ]]> \u202e書架'


@pytest.fixture
def happen(client: TestClient, application: Application) -> Any:
    """Let events happen."""

    def happen(*events: ClubEvent) -> None:
        assert client.portal is not None
        client.portal.call(let_happen, application.unit_of_work, *events)

    return happen


def read(text: str) -> Any:
    """Return the feed, which a feed reader takes without a complaint."""
    found = feedparser.parse(text)
    assert not found.bozo, found.bozo_exception
    return found


def test_the_feed_has_the_newest_entries(client: TestClient, happen: Any) -> None:
    """Each with the sentence of the pages, its time, a lasting id, and a link to the book."""
    events = [an_event(title="First"), an_event(title=HOSTILE)]
    happen(*events)

    answer = client.get(FEED)
    feed = read(answer.text)

    assert answer.headers["content-type"] == "application/atom+xml"
    assert feed.version == "atom10"
    assert feed.feed.title == "Reading club"
    assert feed.feed.id == "http://testserver/activity.atom"
    newest, oldest = feed.entries
    assert newest.id == f"urn:uuid:{events[1].message_id}"
    assert newest.link == f"http://testserver/books/{events[1].id}"
    assert newest.updated_parsed[:6] == events[1].created_at.timetuple()[:6]
    assert "First" in oldest.title
    assert oldest.title.endswith("joined the shelf.")
    assert "<title>\u2068&lt;b&gt;Tom &amp; &#34;Jerry&#34;&lt;/b&gt;" in answer.text


def test_a_comment_is_not_in_the_feed(client: TestClient, happen: Any) -> None:
    """It may be withdrawn by now."""
    id_ = uuid7()
    happen(
        ReviewCreated(id=id_, book_id=id_, reviewer_id=id_, rating=7, comment="Secret.", version=1)
    )

    text = client.get(FEED).text

    assert [entry.title for entry in read(text).entries] == ["A book was rated 7 of 10."]
    assert "Secret" not in text


def test_an_empty_feed_is_a_feed(client: TestClient) -> None:
    """A club in which nothing has happened yet."""
    assert read(client.get(FEED).text).entries == []


def test_what_no_xml_may_have_is_left_out(client: TestClient, application: Application) -> None:
    """A control character of another program's event does not break the feed."""
    entry = ActivityEntry.of(an_event(title="x"))
    entry = entry.model_copy(update={"payload": {**entry.payload, "title": "a\x01b\ufffec"}})

    async def record() -> None:
        async with application.unit_of_work() as transaction:
            await transaction.uow.activity.record(entry)
            await transaction.commit()

    assert client.portal is not None
    client.portal.call(record)

    (found,) = read(client.get(FEED).text).entries
    assert "abc" in found.title


def test_a_feed_that_has_not_changed_is_not_sent_again(client: TestClient, happen: Any) -> None:
    """304 for its ETag, in a list and weak as well; 200 after the next event."""
    happen(an_event())
    etag = client.get(FEED).headers["etag"]

    for known in (etag, f'"other", {etag}', f"W/{etag}"):
        answer = client.get(FEED, headers={"If-None-Match": known})
        assert (answer.status_code, answer.text, answer.headers["etag"]) == (304, "", etag)
    happen(an_event())

    answer = client.get(FEED, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.headers["etag"] != etag


def test_a_club_for_members_has_no_feed_for_others(organiser: Person, visitor: Person) -> None:
    """401 with a problem, not the page to log in, whatever a feed reader accepts."""
    organiser.patch("/api/club", json={"open_to_read": False}, headers={"If-Match": "*"})
    token = organiser.post("/api/tokens", json={"name": "feed"}).json()["token"]

    answer = visitor.get(FEED, headers={"Accept": "application/atom+xml, text/html;q=0.5"})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert organiser.get(FEED).status_code == 200
    assert visitor.get(FEED, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_pages_link_the_feed(client: TestClient) -> None:
    """Browsers and feed readers find it by the address of a page."""
    link = f'<link rel="alternate" type="application/atom+xml" title="Activity" href="{FEED}">'

    for path in ("/", "/activity"):
        assert link in client.get(path).text


def test_links_have_the_public_origin(application: Application, engine: AsyncEngine) -> None:
    """Behind a proxy they lead to where browsers reach the club."""
    policy = WebPolicy(origin="https://club.example")
    with TestClient(create_app(application, policy)) as client:
        feed = read(client.get(FEED).text)
        assert client.portal is not None
        client.portal.call(engine.dispose)

    assert {link.href for link in feed.feed.links} == {
        "https://club.example/activity.atom",
        "https://club.example/activity",
    }
