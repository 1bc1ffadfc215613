"""``/api/activity``."""

from fastapi.testclient import TestClient
from lastuuid import uuid7

from reading_club.app.application import Application
from reading_club.domain.messages import ClubEvent, ReviewCreated, ReviewRevised
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event


async def let_happen(application: Application, *events: ClubEvent) -> None:
    """Handle events as the worker of ``activity`` does."""
    async with application.unit_of_work() as transaction:
        for event in events:
            await activity.handle(event, transaction.uow)
        await transaction.commit()


def test_nothing_has_happened_yet(client: TestClient) -> None:
    """An empty log is an empty list."""
    assert client.get("/api/activity").json() == {"items": [], "next_cursor": None}


def test_what_the_worker_wrote_is_shown(client: TestClient, application: Application) -> None:
    """An entry bears the event's id, type, time and fields; pages show the newest first."""
    events = [an_event(title=f"Volume {number}") for number in range(3)]
    assert client.portal is not None
    client.portal.call(let_happen, application, *events)

    first = client.get("/api/activity", params={"limit": 2}).json()
    second = client.get("/api/activity", params={"cursor": first["next_cursor"]}).json()

    entries = first["items"] + second["items"]
    assert [entry["payload"]["title"] for entry in entries] == ["Volume 2", "Volume 1", "Volume 0"]
    assert entries[0]["id"] == str(events[2].message_id)
    assert entries[0]["type"] == "book_registered_v1"
    assert second["next_cursor"] is None


def test_a_comment_that_was_withdrawn_is_not_shown(
    client: TestClient, application: Application
) -> None:
    """The log keeps the events of a review; who reads it sees the rating and no comment."""
    id_ = uuid7()
    written = ReviewCreated(
        id=id_, book_id=id_, reviewer_id=id_, rating=7, comment="Never mind.", version=1
    )
    revised = ReviewRevised(
        id=id_, book_id=id_, reviewer_id=id_, rating=8, comment="Hm.", version=2
    )
    assert client.portal is not None
    client.portal.call(let_happen, application, written, revised)

    for path in ("/api/activity", "/activity", "/"):
        text = client.get(path).text
        assert "8" in text
        assert "Never mind." not in text
        assert "Hm." not in text
    entries = client.get("/api/activity").json()["items"]
    assert [entry["payload"]["rating"] for entry in entries] == [8, 7]
