"""The order of ``/api/books``."""

from uuid import UUID

from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.testing.builders import an_isbn


def test_an_id_that_a_client_chose_is_not_on_top_for_ever(
    client: TestClient, engine: AsyncEngine
) -> None:
    """Books are ordered by their time of registration, the newest first, not by their ids."""
    for number, title in ((2**128 - 1, "First"), (2**127, "Second"), (0, "Third")):
        body = {"id": str(UUID(int=number)), "title": title, "author": "A", "isbn": an_isbn()}
        assert client.post("/api/books", json=body).status_code == 201
        make_older(client, engine)

    items = client.get("/api/books").json()["items"]
    assert [book["title"] for book in items] == ["Third", "Second", "First"]


def make_older(client: TestClient, engine: AsyncEngine) -> None:
    """Set the time of registration of all books back by a day."""

    async def pass_a_day() -> None:
        earlier = text("UPDATE books SET registered_at = datetime(registered_at, '-1 day')")
        async with engine.begin() as connection:
            await connection.execute(earlier)

    assert client.portal is not None
    client.portal.call(pass_a_day)
