"""Messages that are no calls of the event task, with and without an event inside."""

import json
from typing import Any

from reading_club.adapters.eventstream.testing.consumer_fixture import on_the_wire
from reading_club.adapters.eventstream.testing.events import ParcelSent

SECRET = "hunter2"
EVENT = on_the_wire(ParcelSent.model_validate({}), payload=json.dumps({"title": SECRET}))
HEADERS: dict[str, Any] = {"task": "send_message", "id": "7", "timelimit": [None, None]}
BODY: list[Any] = [[], {"message": EVENT}, {}]
JSON = "application/json"

Sent = tuple[Any, dict[str, Any], dict[str, str]]


def body(value: Any) -> Sent:
    """Return a message with this body."""
    return json.dumps(value), HEADERS, {}


def header(**headers: Any) -> Sent:
    """Return an event with other headers."""
    return json.dumps(BODY), HEADERS | headers, {}


def raw(text: Any, content_type: str = JSON, encoding: str = "utf-8") -> Sent:
    """Return a message with this text and content type."""
    return text, HEADERS, {"content_type": content_type, "content_encoding": encoding}


ANONYMOUS: dict[str, Sent] = {
    "body dict": body({"a": 1}),
    "body null": body(None),
    "body short": body([[]]),
    "arguments number": body([5, {}, {}]),
    "arguments text": body(["x", {}, {}]),
    "keywords list": body([[], [1], {}]),
    "unknown keyword": body([[], {"massage": 1}, {}]),
    "positional": body([[SECRET, 2], {}, {}]),
    "no keywords": body([[], {}, {}]),
    "forged": body([[], {"malformed": "[" * 5000, "error": "\x00\ud800"}, {}]),
    "type unknown to kombu": body([[], {"message": {"__type__": "no", "__value__": "x"}}, {}]),
    "pickle": raw(b"\x80\x04N.", "application/x-python-serialize", "binary"),
    "text": raw(SECRET, "text/plain"),
    "yaml": raw("hello: 1", "application/x-yaml"),
    "unknown type": raw("hello", "application/x-nope"),
    "broken JSON": raw("{nope"),
    "not UTF-8": raw(b"\xff\xfe"),
    "unknown charset": raw(b"[1]", encoding="klingon"),
    "deep": raw("[" * 50_000 + "]" * 50_000),
    "NUL": raw("\x00"),
    "nothing": raw(""),
}
WITH_EVENT: dict[str, Sent] = {
    "no headers": (json.dumps(BODY), {}, {}),
    "no id": (json.dumps(BODY), {"task": "send_message"}, {}),
    "no task": (json.dumps(BODY), {"id": "7"}, {}),
    "id number": header(id=5),
    "other task": header(task="other"),
    "task number": header(task=5),
    "eta": header(eta="tomorrow"),
    "expires": header(expires="soon"),
    "expired": header(expires="2001-01-01T00:00:00+00:00"),
    "timelimit": header(timelimit=5),
    "timelimit text": header(timelimit=["a", "b"]),
    "compression": header(compression="klingon"),
    "keywords": body([[], {"message": EVENT, "x": 1}, {}]),
    "third is text": body([[], {"message": EVENT}, "args"]),
    "callbacks": body([[], {"message": EVENT}, {"callbacks": 5}]),
    "chain": body([[], {"message": EVENT}, {"chain": "x"}]),
    "chord": body([[], {"message": EVENT}, {"chord": 5}]),
    "arguments": body([[1], {"message": EVENT}, {}]),
    "old protocol": (json.dumps({"task": "send_message", "kwargs": {"message": EVENT}}), {}, {}),
}
