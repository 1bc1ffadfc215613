"""How benchmarks judge their figures: goals, lags, rates and stages."""

from collections.abc import Sequence

import pytest

from reading_club_functional.bench.checks import NotOnce
from reading_club_functional.bench.comparison import Comparison, Result
from reading_club_functional.bench.rate_search import PRECISION, STEP, Search, grows
from reading_club_functional.bench.stage_times import PRINTED, STAGES, StageTimes


def test_a_figure_without_a_goal_is_neither_met_nor_missed() -> None:
    """It is reported with its ratio, as having no goal."""
    result = Result(Comparison("size", "bytes", float, float, "peer", None), [3], [2])

    assert result.met is None
    assert (result.as_json()["goal"], result.as_json()["met"]) == (None, None)
    assert str(result).endswith("bytes: 1.50 (no goal)")


@pytest.mark.parametrize(
    ("growth", "verdict"), [(0.0, False), (0.04, False), (0.06, True), (1.0, True), (-1.0, False)]
)
def test_a_lag_is_flat_unless_it_grows_by_a_twentieth_of_the_time(
    *, growth: float, verdict: bool
) -> None:
    """What it was at the beginning does not matter, nor how large it is."""
    assert grows(samples(growth)) is verdict


def samples(growth: float) -> Sequence[tuple[float, float]]:
    """Return a lag of five seconds, which grows after a first quarter with none."""
    return [(now, 0.0 if now < 15 else 5.0 + growth * now) for now in map(float, range(60))]


@pytest.mark.parametrize("first", [10.0, 100.0, 900.0])
def test_the_search_ends_just_below_what_a_system_bears(first: float) -> None:
    """It goes up or down from the first rate, and then halves the distance."""
    search, bears = Search(first), 123.0
    while not search.ended(quick=False):
        search.add(flat=search.rate <= bears)

    assert bears / PRECISION < search.highest <= bears


def test_a_quick_search_ends_with_a_rate_that_was_flat() -> None:
    """After two steps, or with the first rate that is flat."""
    up, down = Search(100.0), Search(100.0)
    for search, bears in ((up, 1000.0), (down, 50.0)):
        while not search.ended(quick=True):
            search.add(flat=search.rate <= bears)

    assert up.highest == 100 * STEP
    assert down.highest == pytest.approx(100 / STEP**3)


def test_a_search_in_which_no_rate_is_flat_is_given_up() -> None:
    """It raises instead of a figure."""
    search = Search(2.0)
    with pytest.raises(AssertionError, match="no rate"):
        while not search.ended(quick=True):
            search.add(flat=False)


def test_stages_are_the_times_from_one_point_to_the_next() -> None:
    """Each is in milliseconds; the events of the warm-up are left out."""
    durations = times_of("a", "b").milliseconds(warm_up=1)

    assert durations.keys() == STAGES.keys()
    assert durations["commit"] == pytest.approx([1])
    assert durations["delivered"] == pytest.approx([2])
    assert durations["acknowledged"] == pytest.approx([1])


def test_an_event_that_is_acknowledged_twice_is_not_measured() -> None:
    """The same event at the same point again voids the run."""
    with pytest.raises(NotOnce, match="delivered twice"):
        times_of("a").add_consumed(f"{PRINTED} a 1 2 3")


def test_an_event_that_is_missing_at_a_point_is_not_measured() -> None:
    """Unless it is one of the warm-up."""
    times = times_of("a")
    times.add("committed", "b", 1.0)

    with pytest.raises(NotOnce, match="1 events of 2"):
        times.milliseconds(warm_up=0)


def times_of(*ids: str) -> StageTimes:
    """Return the times of events that are each a millisecond at each point."""
    times = StageTimes()
    for id_ in ids:
        times.add("committed", id_, 0.001)
        times.add("handed_over", id_, 0.002)
        times.add("confirmed", id_, 0.003)
        times.add_consumed(f"a line\n{PRINTED} {id_} 0.004 0.005 0.006")
    times.add_called([0.0] * len(ids))
    return times
