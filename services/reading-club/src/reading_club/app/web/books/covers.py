"""The cover that is drawn for a book: its colour and pattern come from the ISBN, or the id."""

from dataclasses import dataclass
from hashlib import blake2b

PATTERNS = ("dots", "bands", "twill", "rings", "tiles", "waves", "stars", "weave")
"""The ids of the SVG patterns in ``templates/patterns.html``."""
HUES = 24
"""How many hues there are, evenly spaced."""


@dataclass(frozen=True)
class Cover:
    """The look of a cover: SVG colours and the id of its pattern."""

    ground: str
    edge: str
    pattern: str


def cover_of(key: str) -> Cover:
    """Return the cover of a book by its canonical ISBN or else its id, the same one each time.

    Any text has a cover, as early releases stored ISBNs that today's rules refuse.
    """
    hue, pattern, depth = blake2b(key.encode("utf-8", "replace"), digest_size=3).digest()
    angle = hue % HUES * 360 // HUES
    lightness = 38 + depth % 4 * 6
    return Cover(
        ground=f"oklch({lightness}% 0.085 {angle})",
        edge=f"oklch({lightness - 10}% 0.08 {angle})",
        pattern=PATTERNS[pattern % len(PATTERNS)],
    )
