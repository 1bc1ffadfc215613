"""Commands (requests to the club) and events (what has happened).

Published events are a contract: a field of a (name, schema_version) pair never changes its meaning,
and a change is a new version. ``make schemas-check`` compares them with the files in ``schemas``.
"""

from uuid import UUID

from lastuuid import uuid7
from messagebus import Command, Event, Metadata
from pydantic import ConfigDict, Field

from reading_club.domain.isbn import Isbn
from reading_club.domain.text import Author, Comment, Nickname, Rating, Title


class FrozenMetadata(Metadata):
    """The immutable metadata that all messages of one type share."""

    model_config = ConfigDict(frozen=True)


def _command(name: str) -> Metadata:
    return FrozenMetadata(name=name, schema_version=1, published=False)


def _event(name: str, version: int = 1) -> Metadata:
    return FrozenMetadata(name=name, schema_version=version, published=True)


class ClubCommand(Command):
    """Base of the commands: requests that may be refused, also for an unknown field."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class ClubEvent(Event):
    """Base of the events: unknown fields are ignored, and texts are not validated.

    Otherwise a stricter rule of a later release would make dead letters of older events.
    """


class RegisterBook(ClubCommand):
    """Register a book; the same id and content again changes nothing."""

    id: UUID = Field(default_factory=uuid7)
    isbn: Isbn
    title: Title
    author: Author
    metadata: Metadata = _command("register_book")


class BookRegistered(ClubEvent):
    """A book was registered."""

    id: UUID
    isbn: Isbn = Field(examples=["9780321125217"])
    title: str
    author: str
    metadata: Metadata = _event("book_registered")


class BookRegisteredV2(ClubEvent):
    """A book was registered, by any number of authors, with or without an ISBN."""

    id: UUID
    isbn: Isbn | None = Field(default=None, examples=["9780262510875"])
    title: str
    authors: list[str] = Field(examples=[["Harold Abelson", "Gerald Jay Sussman"]])
    metadata: Metadata = _event("book_registered", 2)

    @property
    def author(self) -> str:
        """The authors as one text, as the first version has them."""
        return "; ".join(self.authors)


class CreateReviewer(ClubCommand):
    """Create a reviewer, a member of the club."""

    id: UUID = Field(default_factory=uuid7)
    nickname: Nickname
    metadata: Metadata = _command("create_reviewer")


class ReviewerCreated(ClubEvent):
    """A reviewer joined the club."""

    id: UUID
    nickname: str
    metadata: Metadata = _event("reviewer_created")


class EraseReviewer(ClubCommand):
    """Erase a reviewer: withdraw the reviews, and remove nickname and comments everywhere."""

    id: UUID
    metadata: Metadata = _command("erase_reviewer")


class ReviewerErased(ClubEvent):
    """A reviewer was erased: nickname and comments are to be deleted, whatever arrives later.

    It outranks every version of the reviews, whose events name the reviewer as ``reviewer_id``.
    """

    id: UUID
    metadata: Metadata = _event("reviewer_erased")


class CreateReview(ClubCommand):
    """Create a review, one a reviewer and book, or write again after withdrawing it."""

    id: UUID = Field(default_factory=uuid7)
    book_id: UUID
    reviewer_id: UUID
    rating: Rating
    comment: Comment = ""
    metadata: Metadata = _command("create_review")


class ReviewCreated(ClubEvent):
    """A review was created. ``version`` is 1: the first state of the review."""

    id: UUID
    book_id: UUID
    reviewer_id: UUID
    rating: Rating
    comment: str
    version: int
    metadata: Metadata = _event("review_created")


class ReviseReview(ClubCommand):
    """Replace the rating and the comment of a review, if it has the expected version."""

    id: UUID
    rating: Rating
    comment: Comment = ""
    expected_version: int | None = None
    """The version that the reviewer has seen; None to replace any."""
    metadata: Metadata = _command("revise_review")


class ReviewRevised(ClubEvent):
    """A review was revised; of two versions the higher one is valid."""

    id: UUID
    book_id: UUID
    reviewer_id: UUID
    rating: Rating
    comment: str
    version: int
    metadata: Metadata = _event("review_revised")


class WithdrawReview(ClubCommand):
    """Withdraw a review; a withdrawn one stays as it is."""

    id: UUID
    withdrawn_by: UUID
    """The reviewer who withdraws it: its own, or an organiser."""
    expected_version: int | None = None
    """The version that the reviewer has seen; None to withdraw any."""
    metadata: Metadata = _command("withdraw_review")


class ReviewWithdrawn(ClubEvent):
    """A review was withdrawn, which is a version too: of two versions the higher one is valid."""

    id: UUID
    book_id: UUID
    reviewer_id: UUID
    withdrawn_by: UUID
    version: int
    metadata: Metadata = _event("review_withdrawn")


COMMANDS: tuple[type[ClubCommand], ...] = (
    RegisterBook,
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
    ReviewerCreated,
    ReviewerErased,
    ReviewCreated,
    ReviewRevised,
    ReviewWithdrawn,
)
"""Every event of the club, in each of its versions."""
