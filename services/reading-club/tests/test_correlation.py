"""The correlation id of a request: in its response, and in all messages that it leads to."""

from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.testing.builders import an_isbn

HEADER = "X-Correlation-ID"


def register(client: TestClient, **headers: str) -> UUID:
    """Register a book; return the correlation id of the response."""
    book = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": str(an_isbn())}
    answer = client.post("/api/books", json=book, headers=headers)
    assert answer.status_code == 201
    return UUID(answer.headers[HEADER])


def test_each_request_has_an_id_of_its_own(
    client: TestClient, transport: RecordingOutboxTransport
) -> None:
    """The id is new, of version 7, and the event of the request has it; a command is its cause."""
    first, second = register(client), register(client)

    assert first != second
    assert {first.version, second.version} == {7}
    assert [context.correlation_id for context in transport.contexts] == [first, second]
    assert all(context.causation_id for context in transport.contexts)


def test_the_id_of_the_caller_is_taken_over(
    client: TestClient, transport: RecordingOutboxTransport
) -> None:
    """A program that has a correlation id already can pass it."""
    known = uuid4()

    assert register(client, **{HEADER: str(known)}) == known

    assert [context.correlation_id for context in transport.contexts] == [known]


@pytest.mark.parametrize("value", ["", "7", "x" * 36, "x" * 10_000, f"{{{UUID(int=0)}}}"])
def test_what_is_no_id_is_replaced(client: TestClient, value: str) -> None:
    """Any other value of the header is ignored, and does not come back."""
    assert str(register(client, **{HEADER: value})) != value


@pytest.mark.parametrize("path", ["/api/nothing", "/nothing", "/api/books/no-id", "/healthz", "/"])
def test_every_answer_has_an_id(client: TestClient, path: str) -> None:
    """Refusals and pages have one as well, by which a line of the log is found."""
    assert UUID(client.get(path).headers[HEADER])
