"""Which messages may be handled together with others."""

from typing import Any

import pytest
from kombu import Message

from reading_club.adapters.eventstream.worker.malformed import is_suspected


@pytest.mark.parametrize(
    ("changes", "suspected"),
    [
        ({}, False),
        ({"delivery_info": {"redelivered": True}}, True),
        ({"headers": {"attempted": True}}, True),
        ({"headers": {"attempted": "yes"}}, False),
        ({"headers": {"stamped_headers": ["a"]}}, False),
    ],
)
def test_only_a_first_delivery_is_batched(changes: dict[str, Any], *, suspected: bool) -> None:
    """A message that was delivered or attempted before may have killed a worker."""
    fields: dict[str, Any] = {"delivery_info": {}, "headers": {}}

    assert is_suspected(Message(**(fields | changes))) is suspected
