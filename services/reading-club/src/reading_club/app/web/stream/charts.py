"""Charts of events for each minute, drawn as the path of an SVG image, and said in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

HEIGHT: Final = 20
"""Units from the bottom of a chart to its top; a minute is one unit wide."""
GAP: Final = 0.2
"""Units between two bars."""
LOWEST: Final = 0.6
"""Units of the bar of the smallest number."""


@dataclass(frozen=True)
class Chart:
    """Numbers of events in the last minutes; the oldest minute comes first, the last ends now."""

    numbers: Sequence[int]
    until: datetime
    """The end of the last minute."""
    highest: int
    """The number whose bar fills the height, the same for all charts that are compared."""

    @property
    def path(self) -> str:
        """The bars, as the ``d`` of a path in a box of ``width`` and HEIGHT."""
        return "".join(
            f"M{place} {HEIGHT}v-{self._height(number):g}h{1 - GAP:g}V{HEIGHT}z"
            for place, number in enumerate(self.numbers)
            if number
        )

    def _height(self, number: int) -> float:
        return round(max(LOWEST, HEIGHT * number / max(self.highest, number)), 2)

    @property
    def box(self) -> str:
        """The box of the image."""
        return f"0 0 {len(self.numbers)} {HEIGHT}"

    @property
    def sentence(self) -> str:
        """What the chart shows."""
        total, minutes = sum(self.numbers), len(self.numbers)
        if not total:
            return f"none in the last {minutes} minutes"
        most = max(self.numbers)
        place = minutes - self.numbers[::-1].index(most)
        at = self.until.astimezone(UTC) - timedelta(minutes=minutes - place)
        return (
            f"{total:,} in the last {minutes} minutes, {self.numbers[-1]:,} in the last one. "
            f"The most: {most:,}, in the minute to {at:%H:%M} UTC"
        )
