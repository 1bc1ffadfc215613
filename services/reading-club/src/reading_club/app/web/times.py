"""Times for people: how long ago, and the exact time in UTC."""

from datetime import UTC, datetime, timedelta

UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
"""The units of a time in words, the longest first."""
OLDEST_IN_DAYS = timedelta(days=31)


def in_words(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago the moment was, such as ``3 days ago``; after a month, its date.

    ``now`` is the current time by default. A moment after it, by another clock, is "just now".
    """
    past = (now or datetime.now(UTC)) - moment
    if past >= OLDEST_IN_DAYS:
        return f"{moment.astimezone(UTC):%d %B %Y}".removeprefix("0")
    for name, length in UNITS:
        number = past // length
        if number > 0:
            return f"{number} {name}{'s' if number > 1 else ''} ago"
    return "just now"


def lasting(seconds: float) -> str:
    """Return a number of seconds in the longest unit that fits, such as ``3 minutes``."""
    for name, length in UNITS:
        number = int(seconds // length.total_seconds())
        if number > 0:
            return f"{number} {name}{'s' if number > 1 else ''}"
    whole = int(seconds)
    return f"{whole} second{'' if whole == 1 else 's'}"


def exact(moment: datetime) -> str:
    """Return the moment to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
