"""An event as a sentence."""

from collections.abc import Mapping
from typing import Any

from reading_club.service.activity import ActivityEntry

SENTENCES: Mapping[str, str] = {
    "book_registered_v1": "“{title}” by {author} joined the shelf.",
    "reviewer_created_v1": "{nickname} joined the club.",
    "review_created_v1": "A book was rated {rating} of 10.",
    "review_revised_v1": "A review was changed to {rating} of 10.",
}


def story(entry: ActivityEntry) -> str:
    """Return what happened, for people; the type of an event that has no sentence for it."""
    fields: Mapping[str, Any] = entry.payload
    try:
        return SENTENCES[entry.type].format_map(fields)
    except (KeyError, TypeError):  # of another release
        return entry.type
