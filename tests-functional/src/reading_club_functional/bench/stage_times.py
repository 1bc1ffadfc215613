"""The stages of an event's way, and the times at which each event passed from one to the next.

All times are of the monotonic clock, which the processes of a machine share.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from reading_club_functional.bench.checks import NotOnce

STAGES: Final = {
    "commit": ("called", "committed"),
    "handed_over": ("committed", "handed_over"),
    "confirmed": ("handed_over", "confirmed"),
    "delivered": ("handed_over", "delivered"),
    "effect_committed": ("delivered", "effect_committed"),
    "acknowledged": ("effect_committed", "acknowledged"),
}
"""Each stage, with the points at which it begins and ends.

The command is called, and its transaction committed; the event is handed over to the publisher;
the broker has confirmed it, and, at the same time, delivered it to the consumer; the effect is
committed; the acknowledgement is written to the broker.
"""
PRINTED: Final = "stages of"
"""What a consumer prints for each event, before its id and three times."""


class StageTimes:
    """The times of events, by point and id."""

    def __init__(self) -> None:
        self._times: dict[str, dict[str, float]] = defaultdict(dict)

    @property
    def ids(self) -> Sequence[str]:
        """The ids of all events, in the order of their commits."""
        return [*self._times["committed"]]

    def add(self, point: str, id_: str, time: float) -> None:
        """Record that the event was at this point. Raises NotOnce if it was there before."""
        if id_ in self._times[point]:
            raise NotOnce(f"an event is {point} twice")
        self._times[point][id_] = time

    def add_called(self, times: Sequence[float]) -> None:
        """Record when commands were called, of which each was committed before the next call."""
        for id_, time in zip(self.ids, times, strict=True):
            self.add("called", id_, time)

    def add_consumed(self, output: str) -> None:
        """Record the times that a consumer has printed."""
        for line in output.splitlines():
            if line.startswith(PRINTED):
                id_, *times = line.removeprefix(PRINTED).split()
                points = ("delivered", "effect_committed", "acknowledged")
                for point, time in zip(points, times, strict=True):
                    self.add(point, id_, float(time))

    def milliseconds(self, warm_up: int) -> Mapping[str, Sequence[float]]:
        """Return the milliseconds of each stage, of all events but the first ones.

        Raises NotOnce unless each of these events was at each point.
        """
        measured, durations = self.ids[warm_up:], {}
        for stage, (begin, end) in STAGES.items():
            begun, ended = self._times[begin], self._times[end]
            if missing := sum(id_ not in begun or id_ not in ended for id_ in measured):
                raise NotOnce(f"{missing} events of {len(measured)} are not known to be {end}")
            durations[stage] = [1000 * (ended[id_] - begun[id_]) for id_ in measured]
        return durations


def print_consumed(id_: str, *times: float) -> None:
    """Print when a consumer got an event, had committed its effect, and acknowledged it."""
    print(PRINTED, id_, *(f"{time:.7f}" for time in times), flush=True)
