"""The Jinja templates of the pages, and their text for an activity entry: an English sentence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi.templating import Jinja2Templates

from reading_club.service.activity import ActivityEntry

SENTENCES: Mapping[str, str] = {
    "book_registered_v1": "“{title}” by {author} joined the shelf.",
    "reviewer_created_v1": "{nickname} joined the club.",
    "review_created_v1": "A book was rated {rating} of 10.",
    "review_revised_v1": "A review was changed to {rating} of 10.",
    "review_withdrawn_v1": "A review was withdrawn.",
}
FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"


def activity_text(entry: ActivityEntry) -> str:
    """Return an activity entry as a sentence, or its event type if there is no sentence for it."""
    try:
        fields = {name: _isolated(value) for name, value in entry.payload.items()}
        return SENTENCES[entry.type].format_map(fields)
    except (KeyError, AttributeError):  # an event type or payload of another release
        return entry.type


def _isolated(value: Any) -> Any:
    """Isolate a non-ASCII text, so that right-to-left text does not reorder the sentence."""
    if isinstance(value, str) and not value.isascii():
        return f"{FIRST_STRONG_ISOLATE}{value}{POP_DIRECTIONAL_ISOLATE}"
    return value


templates = Jinja2Templates(Path(__file__).parent)
templates.env.filters["activity_text"] = activity_text
