"""Which messages may be batched."""

import json
from typing import Any

import pytest
from kombu import Message

from reading_club.adapters.eventstream.worker.malformed import is_batchable, is_suspected


@pytest.mark.parametrize(
    ("changes", "fresh"),
    [
        ({}, True),
        ({"delivery_info": {"redelivered": True}}, False),
        ({"headers": {"attempted": True}}, False),
        ({"headers": {"attempted": "yes"}}, True),
        ({"headers": {"stamped_headers": ["a"]}}, False),
        ({"body": json.dumps([[], {"message": {}, "more": 1}, {}])}, False),
        ({"body": json.dumps([[1], {"message": {}}, {}])}, False),
    ],
)
def test_only_a_fresh_event_and_nothing_else_is_batched(
    changes: dict[str, Any], *, fresh: bool
) -> None:
    """A first delivery of a plain event is batched; other messages become tasks."""
    fields: dict[str, Any] = {
        "body": json.dumps([[], {"message": {}}, {}]),
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "delivery_info": {},
        "headers": {},
    }

    message = Message(**(fields | changes))

    assert (
        is_batchable(message) and not is_suspected(message.delivery_info, message.headers)
    ) is fresh
