"""``/api/invitations``, and joining by an invitation."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import orm
from reading_club.app.testing.invitations import invited, join, nicknames
from reading_club.app.testing.person import Person

PASSWORD = "correct horse"


def test_an_invitation_lets_somebody_in_once(organiser: Person, visitor: Person) -> None:
    """201 with a link to this club; its second use is refused, and no member is added."""
    made = invited(organiser)
    joined = join(visitor, made["token"])
    again = join(Person(visitor.client), made["token"], "Eve")

    assert set(made) == {"id", "url", "token", "expires_at", "uses"}
    assert made["url"] == f"http://testserver/join?token={made['token']}"
    assert made["uses"] == 1
    week = datetime.now(UTC) + timedelta(days=7)
    assert abs(datetime.fromisoformat(made["expires_at"]) - week) < timedelta(minutes=1)
    assert (joined.status_code, joined.json()["role"]) == (201, "member")
    assert visitor.get("/api/me").json() == joined.json()
    assert again.status_code == 403
    assert again.json()["type"] == "urn:reading-club:problem:link-not-valid"
    assert nicknames(organiser) == ["Olga", "Mo"]


def test_a_whole_club_may_join_at_one_address(organiser: Person, visitor: Person) -> None:
    """Attempts with a valid link do not count; those with a wrong one do."""
    token = invited(organiser, uses=20)["token"]

    joined = [join(visitor, token, f"Reader {number}").status_code for number in range(12)]
    guessed = [join(visitor, "guessed", "Eve").status_code for _ in range(12)]

    assert joined == [201] * 12
    assert guessed == [403] * 10 + [429] * 2


def test_an_invitation_is_for_as_many_as_it_says(organiser: Person, visitor: Person) -> None:
    """Each use is counted in the list."""
    made = invited(organiser, uses=2, days=30)

    assert join(visitor, made["token"], "Mo").status_code == 201
    assert organiser.get("/api/invitations").json()["items"][0]["uses"] == 1
    assert join(visitor, made["token"], "Ann").status_code == 201
    assert join(visitor, made["token"], "Eve").status_code == 403


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("days", 0, "must be at least 1"),
        ("days", 366, "must be at most 365"),
        ("uses", 201, "must be at most 200"),
        ("uses", "many", "must be a whole number"),
        ("role", "organiser", "Extra inputs are not permitted"),
    ],
)
def test_wrong_terms_are_refused_by_name(
    organiser: Person, field: str, value: object, detail: str
) -> None:
    """422, and no invitation is stored."""
    answer = organiser.post("/api/invitations", json={field: value})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": field, "detail": detail}]
    assert organiser.get("/api/invitations").json() == {"items": []}


def test_only_organisers_see_and_make_invitations(
    visitor: Person, member: Person, organiser: Person
) -> None:
    """401 for a visitor and 403 for a member, and nothing changes."""
    made = invited(organiser)
    one = f"/api/invitations/{made['id']}"

    for person, status in ((visitor, 401), (member, 403)):
        assert person.post("/api/invitations", json={}).status_code == status
        assert person.get("/api/invitations").status_code == status
        assert person.delete(one).status_code == status
    items = organiser.get("/api/invitations").json()["items"]
    assert [(item["id"], item["revoked_at"]) for item in items] == [(made["id"], None)]


def test_a_revoked_invitation_lets_nobody_in(
    organiser: Person, visitor: Person, transport: RecordingOutboxTransport
) -> None:
    """204, then 404 for what was revoked before or is unknown; no member is added."""
    made = invited(organiser)
    before = len(transport.handed_over)

    assert organiser.delete(f"/api/invitations/{made['id']}").status_code == 204
    assert organiser.delete(f"/api/invitations/{made['id']}").status_code == 404
    assert organiser.delete(f"/api/invitations/{uuid7()}").status_code == 404
    assert join(visitor, made["token"]).status_code == 403
    assert join(visitor, "guessed").status_code == 403
    assert len(transport.handed_over) == before


def test_an_expired_invitation_lets_nobody_in(
    client: TestClient, organiser: Person, visitor: Person, engine: AsyncEngine
) -> None:
    """403, and it is not listed."""
    made = invited(organiser)

    async def expire() -> None:
        past = datetime.now(UTC) - timedelta(seconds=1)
        mine = orm.invitations.c.id == UUID(made["id"])
        async with engine.begin() as connection:
            await connection.execute(update(orm.invitations).where(mine).values(expires_at=past))

    assert client.portal is not None
    client.portal.call(expire)

    assert join(visitor, made["token"]).status_code == 403
    assert organiser.get("/api/invitations").json() == {"items": []}


def test_of_parallel_joins_with_the_last_use_one_comes_in(
    client: TestClient, organiser: Person, transport: RecordingOutboxTransport
) -> None:
    """One is 201, the others are 403, and one event is sent."""
    token, before = invited(organiser)["token"], len(transport.handed_over)
    said = {"password": PASSWORD, "invitation": token}

    def join_as(nickname: str) -> int:
        return client.post("/api/members", json={**said, "nickname": nickname}).status_code

    with ThreadPoolExecutor(5) as threads:
        statuses = sorted(threads.map(join_as, ("Ann", "Ben", "Cat", "Dan", "Eve")))

    assert statuses == [201, 403, 403, 403, 403]
    assert len(nicknames(organiser)) == 2
    assert len(transport.handed_over) == before + 1


def test_the_secret_is_in_one_answer_only(
    organiser: Person, visitor: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a list, a page, a refusal nor a log line has it."""
    with caplog.at_level(logging.INFO, "reading_club"):
        token = invited(organiser, uses=2)["token"]
        refused = join(visitor, token, "OLGA")
        join(visitor, token)

    assert token not in organiser.get("/api/invitations").text
    assert token not in organiser.get("/members").text
    assert token not in refused.text
    assert token not in caplog.text
