"""Dead letters for tests of pages: made, and stored in an application."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient
from lastuuid import uuid7

from reading_club.app.application import Application
from reading_club.eventstream.ports.dead_letters import DeadLetter


def a_dead_letter(
    subscriber: str = "activity", error: str = "KeyError: 'x'", **fields: Any
) -> DeadLetter:
    """Return a dead letter of an event that can be sent again."""
    id_ = fields.pop("message_id", None) or uuid7()
    envelope = {"id": str(id_), "type": "book_registered_v1", "payload": '{"secret": 1}'}
    letter = DeadLetter(
        subscriber=subscriber,
        message_id=id_,
        type="book_registered_v1",
        envelope=envelope,
        error=error,
        set_aside_at=datetime.now(UTC),
        attempts=5,
    )
    return letter.model_copy(update=fields)


def store_dead_letters(client: TestClient, application: Application, *letters: DeadLetter) -> None:
    """Store dead letters, in the event loop of the client."""

    async def store() -> None:
        async with application.writing() as transaction:
            for letter in letters:
                await transaction.uow.dead_letters.add(letter)

    assert client.portal is not None
    client.portal.call(store)


def store_some_dead_letters(client: TestClient, application: Application) -> list[DeadLetter]:
    """Store two dead letters of one group, one of another, and one that is no event."""
    now = datetime.now(UTC)
    letters = [
        a_dead_letter(error="KeyError: 'a'", set_aside_at=now - timedelta(hours=1)),
        a_dead_letter(error="KeyError: 'b'", set_aside_at=now),
        a_dead_letter("catalogue", "TimeoutError: too late"),
        a_dead_letter(error="UnreadableMessage: no JSON", type="", envelope="garbage"),
    ]
    store_dead_letters(client, application, *letters)
    return letters
