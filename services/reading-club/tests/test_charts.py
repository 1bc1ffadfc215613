"""The charts of the page ``/stream``."""

import re
from datetime import UTC, datetime, timedelta, timezone

from reading_club.app.web.stream.charts import HEIGHT, Chart

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def a_chart(*numbers: int, highest: int = 10) -> Chart:
    """Return a chart whose last minute ends at noon."""
    return Chart(numbers, NOON, highest)


def test_each_minute_with_events_has_a_bar() -> None:
    """As high as its share of the highest number; a minute without events has none."""
    bars = re.findall(r"M(\d+) 20v-([\d.]+)h", a_chart(5, 0, 10).path)

    assert bars == [("0", "10"), ("2", "20")]


def test_a_small_number_is_seen() -> None:
    """One event beside thousands has a bar that is not zero."""
    ((_, height),) = re.findall(r"M(\d+) 20v-([\d.]+)h", a_chart(1, highest=100_000).path)

    assert 0 < float(height) < 1


def test_no_bar_leaves_the_box() -> None:
    """Also if the number is higher than the highest that was said; without events none is drawn."""
    assert f"v-{HEIGHT}h" in a_chart(50).path
    assert a_chart(0, 0, highest=0).path == ""
    assert a_chart(1, 2, 3).box == "0 0 3 20"


def test_the_words_say_what_the_chart_shows() -> None:
    """The total, the last minute, and the end of the minute with most events, the last such."""
    assert a_chart(0, 7, 1_200, 3).sentence == (
        "1,210 in the last 4 minutes, 3 in the last one. The most: 1,200, in the minute to "
        "11:59 UTC"
    )
    assert "12:00 UTC" in a_chart(3, 1, 3).sentence


def test_no_events_are_said_in_words() -> None:
    """A chart without a bar says so."""
    assert a_chart(0, 0).sentence == "none in the last 2 minutes"


def test_the_time_in_words_is_utc() -> None:
    """Whatever the zone of the time that the database gave."""
    there = NOON.astimezone(timezone(timedelta(hours=5)))

    assert "12:00 UTC" in Chart([1], there, 1).sentence
