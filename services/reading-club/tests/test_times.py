"""Times in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reading_club.app.web.times import exact, in_words

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(seconds=-90), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=30, hours=23), "30 days ago"),
        (timedelta(days=31), "28 October 2026"),
        (timedelta(days=392), "1 November 2025"),
    ],
)
def test_a_moment_is_said_in_words(past: timedelta, words: str) -> None:
    """The longest unit that has passed; after a month the date, and of the future "just now"."""
    assert in_words(NOW - past, NOW) == words


def test_the_exact_time_is_in_utc() -> None:
    """A time of another zone is converted."""
    moment = datetime(2026, 11, 28, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))

    assert exact(moment) == "2026-11-27 23:02:03 UTC"
