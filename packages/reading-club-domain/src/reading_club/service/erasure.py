"""Erasure: which fields of which messages hold a member's words."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from reading_club.domain.messages import (
    CreateReview,
    CreateReviewer,
    ReviewCreated,
    ReviewerCreated,
    ReviewRevised,
    ReviseReview,
)
from reading_club.domain.model import FORMER_MEMBER
from reading_club.eventstream.redaction import Redaction
from reading_club.eventstream.wire import wire_type

WORDS: Final[Mapping[str, str]] = MappingProxyType({"nickname": FORMER_MEMBER, "comment": ""})
"""The fields of messages that hold words of a member, each with what replaces them."""

OF_REVIEWERS: Final[Mapping[type[Any], str]] = MappingProxyType(
    {
        CreateReviewer: "id",
        ReviewerCreated: "id",
        CreateReview: "reviewer_id",
        ReviewCreated: "reviewer_id",
        ReviewRevised: "reviewer_id",
    }
)
"""The messages with words that name the reviewer, each with the field that does."""

_FIELDS: Final = {wire_type(message): field for message, field in OF_REVIEWERS.items()}


def reviewer_of(type_: str, payload: Mapping[str, Any]) -> UUID | None:
    """Return the reviewer whose words a message may have, None for one without words."""
    try:
        return UUID(payload[_FIELDS[type_]])
    except (LookupError, TypeError, ValueError, AttributeError):  # another release's payload
        return None


def redactions(reviewer_id: UUID, review_ids: Collection[UUID] = ()) -> Sequence[Redaction]:
    """Return what removes the words of a reviewer from messages.

    ``review_ids`` are the reviews of the reviewer, as a ReviseReview names its review alone.
    """
    reviewer, reviews = frozenset({reviewer_id}), frozenset(review_ids)
    by_reviewer = [_redaction(kind, field, reviewer) for kind, field in OF_REVIEWERS.items()]
    return [*by_reviewer, _redaction(ReviseReview, "id", reviews)]


def _redaction(message: type[Any], field: str, ids: frozenset[UUID]) -> Redaction:
    words = {name: text for name, text in WORDS.items() if name in message.model_fields}
    return Redaction(wire_type(message), field, ids, words)
