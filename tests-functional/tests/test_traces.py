"""Spans of web, relay and worker form one trace, from the request to the projection."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.polling import eventually
from reading_club_functional.servers import RabbitMQServer

BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "9780321125217"}
EFFECT_TIMEOUT = 60.0
"""Seconds from the answer to the effect: a relay sends when the lease of the sender is over."""
NO_BROKER = "amqp://guest:guest@127.0.0.1:1//"
SUBSCRIBER = "activity"
Span = dict[str, Any]


@pytest.fixture
def club(tmp_path: Path, database_url: str, rabbitmq: RabbitMQServer) -> Iterator[ClubCluster]:
    """A club on PostgreSQL and RabbitMQ, without processes."""
    rabbitmq.empty()
    with prepared_cluster(tmp_path, database_url, rabbitmq.url) as club:
        yield club


def start(club: ClubCluster, **web_settings: str) -> None:
    """Start web, relay and one worker, each of which writes its spans to a file of its own."""
    settings = {role: f"file:{club.folder / role}.spans" for role in ("web", "relay", "worker")}
    club.ready(
        club.begin("worker", "--subscriber", SUBSCRIBER, traces=settings["worker"]),
        club.begin("relay", traces=settings["relay"]),
        club.begin("web", traces=settings["web"], **web_settings),
    )


def spans(club: ClubCluster, role: str) -> list[Span]:
    """Return the spans that the process of this role has written."""
    lines = (club.folder / f"{role}.spans").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def named(found: Sequence[Span], name: str) -> list[Span]:
    """Return the spans of this name."""
    return [span for span in found if span["name"] == name]


def register_a_book(club: ClubCluster) -> tuple[Span, Span, str]:
    """Register a book; return the span of the request, that of its effect, and its id."""
    answer = club.browser.add_book(**BOOK)
    assert answer.status_code == 201
    process = f"process eventstream.{SUBSCRIBER}"
    (effect,) = eventually(lambda: named(spans(club, "worker"), process), within=EFFECT_TIMEOUT)
    (request,) = named(spans(club, "web"), "POST /api/books")
    return request, effect, answer.headers["X-Correlation-ID"]


def is_child(span: Span, parent: Span) -> bool:
    """Whether the span belongs to the trace of the parent, directly below it."""
    same_trace = span["context"]["trace_id"] == parent["context"]["trace_id"]
    return bool(same_trace and span["parent_id"] == parent["context"]["span_id"])


def is_complete(request: Span, send: Span, effect: Span, conversation: str) -> bool:
    """Whether the three spans are of one trace and one message."""
    of_message = [span["attributes"]["messaging.message.id"] for span in (send, effect)]
    ids = [span["attributes"]["messaging.message.conversation_id"] for span in (send, effect)]
    return (
        is_child(send, request)
        and is_child(effect, request)
        and of_message[0] == of_message[1]
        and set(ids) == {conversation}
    )


def test_one_trace_leads_from_the_request_to_the_projection(club: ClubCluster) -> None:
    """The sender's span and the worker's are children of the request; SQL is below the worker's."""
    start(club)

    request, effect, conversation = register_a_book(club)

    assert request["kind"] == "SpanKind.SERVER"
    (send,) = eventually(lambda: named(spans(club, "web"), "send eventstream"), within=10)
    assert is_complete(request, send, effect, conversation)
    statements = [each for each in spans(club, "worker") if is_child(each, effect)]
    assert {span["name"] for span in statements} == {"BEGIN", "SELECT", "INSERT", "COMMIT"}
    roles = [span["resource"]["attributes"]["reading_club.role"] for span in (request, effect)]
    assert roles == ["web", "worker"]
    assert all(
        each["parent_id"] for each in spans(club, "relay") if "db.system" in each["attributes"]
    )
    text = "".join(path.read_text(encoding="utf-8") for path in club.folder.glob("*.spans"))
    assert BOOK["title"] not in text
    assert BOOK["author"] not in text


def test_a_relay_sends_in_the_trace_of_the_request(club: ClubCluster) -> None:
    """If the broker is away for the sender, the relay's span and the worker's are of its trace."""
    start(club, broker_url=NO_BROKER)

    request, effect, conversation = register_a_book(club)

    sent = named(spans(club, "relay"), "send eventstream")
    (send,) = [span for span in sent if is_child(span, request)]
    assert send["kind"] == "SpanKind.PRODUCER"
    assert is_complete(request, send, effect, conversation)
    (failed,) = named(spans(club, "web"), "send eventstream")
    assert is_child(failed, request)
    assert failed["status"] == {"status_code": "ERROR"}
