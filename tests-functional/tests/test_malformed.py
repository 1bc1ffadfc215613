"""Malformed messages on a subscriber's queue become dead letters; the worker continues."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from kombu import Connection

from reading_club_functional.cluster import open_cluster
from reading_club_functional.polling import eventually

QUEUE = "eventstream.activity"
JSON = "application/json"
EFFECT_TIMEOUT = 10.0
"""Seconds until all malformed messages are dead letters."""
HEADERS: dict[str, Any] = {"task": "send_message", "id": "7", "timelimit": [None, None]}

Garbage = tuple[Any, dict[str, Any], str]


def a_body() -> str:
    """Return the body of a valid task with a new event."""
    payload = {"id": str(uuid4()), "isbn": "9780321125217", "title": "DDD", "author": "Evans"}
    message = {
        "id": str(uuid4()),
        "created_at": "2024-02-03T04:05:06+00:00",
        "type": "book_registered_v1",
        "payload": json.dumps(payload),
    }
    return json.dumps([[], {"message": message}, {}])


def body(value: object) -> Garbage:
    """Return a message with valid headers and this body."""
    return json.dumps(value), HEADERS, JSON


def header(**headers: Any) -> Garbage:
    """Return a message with a valid body and these headers changed."""
    return a_body(), HEADERS | headers, JSON


def wrong_headers() -> list[Garbage]:
    """Return one message for each kind of invalid headers, with a valid body."""
    return [
        (a_body(), {}, JSON),
        (a_body(), {"task": "send_message"}, JSON),
        header(task="other"),
        header(task=5),
        header(timelimit=5),
        header(timelimit=["a", "b"]),
        header(eta="tomorrow"),
        header(expires="soon"),
        header(compression="klingon"),
    ]


def wrong_bodies() -> list[Garbage]:
    """Return one message for each kind of invalid body."""
    return [
        body({"a": 1}),
        body(5),
        body([[]]),
        body([[], [1], {}]),
        body([[], {}, {}]),
        body([["x", 1], {}, {}]),
        body([[], {"massage": 1}, {}]),
        ("{nope", HEADERS, JSON),
        (b"\xff\xfe", HEADERS, JSON),
        ("\x00", HEADERS, JSON),
        ("[" * 50_000, HEADERS, JSON),
        ("hello", HEADERS, "text/plain"),
        ("hello", HEADERS, "application/x-nope"),
        (b"\x80\x04N.", HEADERS, "application/x-python-serialize"),
    ]


def put(broker_url: str, kinds: list[Garbage]) -> None:
    """Publish the messages to the queue; RabbitMQ confirms each."""
    confirmed = {"confirm_publish": True} if broker_url.startswith("amqp") else {}
    with Connection(broker_url, transport_options=confirmed) as connection:
        producer = connection.Producer()
        for text, headers, content_type in kinds:
            producer.publish(
                text,
                routing_key=QUEUE,
                headers=headers,
                content_type=content_type,
                content_encoding="utf-8",
            )


def workers() -> list[psutil.Process]:
    """Return the worker processes that this test has started."""
    children = psutil.Process().children()
    return [child for child in children if "worker" in child.cmdline()]


def test_garbage_does_not_stop_the_club(tmp_path: Path, database_url: str, broker_url: str) -> None:
    """Each malformed message becomes a dead letter; the same worker handles the next event."""
    kinds = wrong_headers() + wrong_bodies()
    with open_cluster(tmp_path, database_url, broker_url) as club:
        browser, running = club.browser, workers()

        put(broker_url, kinds)
        browser.add_book(title="DDD", author="Evans", isbn="0-321-12521-5")

        (entry,) = eventually(browser.activity, within=EFFECT_TIMEOUT)
        assert entry["payload"]["title"] == "DDD"
        eventually(lambda: club.database.count("dead_letters") == len(kinds), within=EFFECT_TIMEOUT)
        assert workers() == running
        assert all(worker.is_running() for worker in running)
