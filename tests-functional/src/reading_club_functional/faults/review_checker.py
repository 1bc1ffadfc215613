"""The invariants of reviews after all faults: no version is lost, and ratings equal a recount."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from reading_club_functional.database import Database

EVENT_TYPES = (
    "('reviewer_created_v1', 'review_created_v1', 'review_revised_v1', 'review_withdrawn_v1')"
)
EVENTS = f"SELECT id, type, payload->>'id' FROM messages WHERE type IN {EVENT_TYPES}"  # noqa: S608  # SQL of tests
VERSIONS = "SELECT id, version FROM reviews"
RECOUNT = (
    "SELECT book_id, rating, count(*) FROM reviews WHERE NOT withdrawn GROUP BY book_id, rating"
)
COUNTED = "SELECT book_id, rating, reviews FROM catalogue_counts WHERE reviews <> 0"

Ratings = Mapping[tuple[UUID, int], int]
"""The number of reviews by book and rating."""


@dataclass(frozen=True)
class ObservedReviews:
    """The stored reviews, their events, and what the catalogue has counted."""

    versions: Mapping[UUID, int] = field(default_factory=dict)
    """By review, the stored version."""
    events: Mapping[UUID, int] = field(default_factory=dict)
    """By review, the number of its events in the message store."""
    event_ids: frozenset[UUID] = frozenset()
    """The ids of the events of reviews and reviewers."""
    recount: Ratings = field(default_factory=dict)
    counted: Ratings = field(default_factory=dict)


def observe_reviews(database: Database) -> ObservedReviews:
    """Read the tables: the counts first, as later reviews are not yet in them."""
    counted, events = _ratings(database, COUNTED), database.rows(EVENTS)
    return ObservedReviews(
        versions={UUID(str(id_)): version for id_, version in database.rows(VERSIONS)},
        events=Counter(UUID(id_) for _, type_, id_ in events if type_ != "reviewer_created_v1"),
        event_ids=frozenset(UUID(str(id_)) for id_, _, _ in events),
        recount=_ratings(database, RECOUNT),
        counted=counted,
    )


def _ratings(database: Database, query: str) -> Ratings:
    return {(UUID(str(book)), rating): number for book, rating, number in database.rows(query)}


def lost_versions(reviews: ObservedReviews, answered: Mapping[UUID, int]) -> set[str]:
    """Return the reviews whose stored version is lower than one that was answered."""
    return {
        f"{id_}: {version} answered, {reviews.versions.get(id_)} stored"
        for id_, version in answered.items()
        if reviews.versions.get(id_, 0) < version
    }


def wrong_events(reviews: ObservedReviews) -> set[UUID]:
    """Return the reviews that do not have one event for each version."""
    return {id_ for id_, _ in reviews.versions.items() ^ reviews.events.items()}


def wrong_counts(reviews: ObservedReviews) -> set[str]:
    """Return the counts of the catalogue that differ from a recount of the reviews."""
    counted, recount = reviews.counted, reviews.recount
    return {
        f"{counted.get(key, 0)} reviews of {key[0]} with {key[1]}, not {recount.get(key, 0)}"
        for key, _ in counted.items() ^ recount.items()
    }
