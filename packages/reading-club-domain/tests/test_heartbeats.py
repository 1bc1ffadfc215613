"""The offset of a process's clock."""

from datetime import UTC, datetime, timedelta

import pytest

from reading_club.eventstream.ports.heartbeats import clock_offset

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "after", "offset"),
    [
        (7200.0, 7200.2, 7200.0),
        (-7200.2, -7200.0, -7200.0),
        (-0.1, 0.1, 0.0),
        (-6.0, 1.0, 0.0),
        (-1.0, 6.0, 0.0),
    ],
    ids=["ahead", "behind", "same", "slow to answer", "slow to return"],
)
def test_the_offset_is_the_smallest_that_is_possible(
    before: float, after: float, offset: float
) -> None:
    """The duration of the query is subtracted; the rest of the difference is the offset."""
    read_before, read_after = (NOON + timedelta(seconds=s) for s in (before, after))

    assert clock_offset(read_before, NOON, read_after) == offset
