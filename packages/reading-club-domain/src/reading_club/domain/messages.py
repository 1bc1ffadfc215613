"""Commands (requests to the club) and events (what has happened).

Published events are a contract: a field of a (name, schema_version) pair never changes its meaning,
and a change is a new version. ``make schemas-check`` compares them with the files in ``schemas``.
"""

from uuid import UUID

from lastuuid import uuid7
from messagebus import Metadata
from pydantic import Field

from reading_club.domain.book_messages import (
    BookCorrected,
    BookRegistered,
    BookRegisteredV2,
    BookWithdrawn,
    CorrectBook,
    RegisterBook,
    WithdrawBook,
)
from reading_club.domain.import_messages import ImportStepDue
from reading_club.domain.message_base import (
    ClubCommand,
    ClubEvent,
    FrozenMetadata,
    command_metadata,
    event_metadata,
)
from reading_club.domain.text import Comment, Nickname, Rating

__all__ = [
    "COMMANDS",
    "EVENTS",
    "BookCorrected",
    "BookRegistered",
    "BookRegisteredV2",
    "BookWithdrawn",
    "ClubCommand",
    "ClubEvent",
    "CorrectBook",
    "CreateReview",
    "CreateReviewer",
    "EraseReviewer",
    "FrozenMetadata",
    "ImportStepDue",
    "RegisterBook",
    "ReviewCreated",
    "ReviewRevised",
    "ReviewWithdrawn",
    "ReviewerCreated",
    "ReviewerErased",
    "ReviseReview",
    "WithdrawBook",
    "WithdrawReview",
]


class CreateReviewer(ClubCommand):
    """Create a reviewer, a member of the club."""

    id: UUID = Field(default_factory=uuid7)
    nickname: Nickname
    metadata: Metadata = command_metadata("create_reviewer")


class ReviewerCreated(ClubEvent):
    """A reviewer joined the club."""

    id: UUID
    nickname: str
    metadata: Metadata = event_metadata("reviewer_created")


class EraseReviewer(ClubCommand):
    """Erase a reviewer: withdraw the reviews, and remove nickname and comments everywhere."""

    id: UUID
    metadata: Metadata = command_metadata("erase_reviewer")


class ReviewerErased(ClubEvent):
    """A reviewer was erased: nickname and comments are to be deleted, whatever arrives later.

    It outranks every version of the reviews, whose events name the reviewer as ``reviewer_id``.
    """

    id: UUID
    metadata: Metadata = event_metadata("reviewer_erased")


class CreateReview(ClubCommand):
    """Create a review, one a reviewer and book, or write again after withdrawing it."""

    id: UUID = Field(default_factory=uuid7)
    book_id: UUID
    reviewer_id: UUID
    rating: Rating
    comment: Comment = ""
    metadata: Metadata = command_metadata("create_review")


class ReviewCreated(ClubEvent):
    """A review was created. ``version`` is 1: the first state of the review."""

    id: UUID
    book_id: UUID
    reviewer_id: UUID
    rating: Rating
    comment: str
    version: int
    metadata: Metadata = event_metadata("review_created")


class ReviseReview(ClubCommand):
    """Replace the rating and the comment of a review, if it has the expected version."""

    id: UUID
    rating: Rating
    comment: Comment = ""
    expected_version: int | None = None
    """The version that the reviewer has seen; None to replace any."""
    metadata: Metadata = command_metadata("revise_review")


class ReviewRevised(ClubEvent):
    """A review was revised; of two versions the higher one is valid."""

    id: UUID
    book_id: UUID
    reviewer_id: UUID
    rating: Rating
    comment: str
    version: int
    metadata: Metadata = event_metadata("review_revised")


class WithdrawReview(ClubCommand):
    """Withdraw a review; a withdrawn one stays as it is."""

    id: UUID
    withdrawn_by: UUID
    """The reviewer who withdraws it: its own, or an organiser."""
    expected_version: int | None = None
    """The version that the reviewer has seen; None to withdraw any."""
    metadata: Metadata = command_metadata("withdraw_review")


class ReviewWithdrawn(ClubEvent):
    """A review was withdrawn, which is a version too: of two versions the higher one is valid."""

    id: UUID
    book_id: UUID
    reviewer_id: UUID
    withdrawn_by: UUID
    version: int
    metadata: Metadata = event_metadata("review_withdrawn")


COMMANDS: tuple[type[ClubCommand], ...] = (
    RegisterBook,
    CorrectBook,
    WithdrawBook,
    CreateReviewer,
    EraseReviewer,
    CreateReview,
    ReviseReview,
    WithdrawReview,
)
"""Every command of the club."""

EVENTS: tuple[type[ClubEvent], ...] = (
    BookRegistered,
    BookRegisteredV2,
    BookCorrected,
    BookWithdrawn,
    ReviewerCreated,
    ReviewerErased,
    ReviewCreated,
    ReviewRevised,
    ReviewWithdrawn,
    ImportStepDue,
)
"""Every event of the club, in each of its versions."""
