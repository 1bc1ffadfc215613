"""Times for people: how long ago, and the exact time in UTC, in the language of the request."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from babel.dates import format_date, format_datetime, format_timedelta

from reading_club.app.web.languages import gettext, language

Unit = Literal["day", "hour", "minute"]

UNITS: Final[tuple[tuple[Unit, timedelta], ...]] = (
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
    locale = language().locale
    if past >= OLDEST_IN_DAYS:
        return format_date(moment.astimezone(UTC), "long", locale)
    for name, length in UNITS:
        number = past // length
        if number > 0:
            whole = -number * length  # Babel would round it, and count in weeks
            return format_timedelta(
                whole, name, threshold=float("inf"), add_direction=True, locale=locale
            )
    return gettext("just now")


def lasting(seconds: float) -> str:
    """Return a number of seconds in English, in the longest unit, such as ``3 minutes``."""
    for name, length in UNITS:
        number = int(seconds // length.total_seconds())
        if number > 0:
            return f"{number} {name}{'s' if number > 1 else ''}"
    whole = int(seconds)
    return f"{whole} second{'' if whole == 1 else 's'}"


def exact(moment: datetime) -> str:
    """Return the moment to the second, in UTC."""
    pattern = gettext("yyyy-MM-dd HH:mm:ss 'UTC'")
    return format_datetime(moment, pattern, UTC, language().locale)
