"""The commands and events of books, which ``messages`` has with all others."""

from uuid import UUID

from lastuuid import uuid7
from messagebus import Metadata
from pydantic import Field

from reading_club.domain.isbn import Isbn
from reading_club.domain.message_base import (
    ClubCommand,
    ClubEvent,
    command_metadata,
    event_metadata,
)
from reading_club.domain.text import Author, Title, as_one_author


class RegisterBook(ClubCommand):
    """Register a book; the same id and content again changes nothing."""

    id: UUID = Field(default_factory=uuid7)
    isbn: Isbn | None = None
    title: Title
    author: Author
    registered_by: UUID | None = None
    """The reviewer who registers it and may correct it; None if it is not known."""
    metadata: Metadata = command_metadata("register_book")


class BookRegistered(ClubEvent):
    """A book was registered."""

    id: UUID
    isbn: Isbn = Field(examples=["9780321125217"])
    title: str
    author: str
    metadata: Metadata = event_metadata("book_registered")


class BookRegisteredV2(ClubEvent):
    """A book was registered, by any number of authors, with or without an ISBN."""

    id: UUID
    isbn: Isbn | None = Field(default=None, examples=["9780262510875"])
    title: str
    authors: list[str] = Field(examples=[["Harold Abelson", "Gerald Jay Sussman"]])
    metadata: Metadata = event_metadata("book_registered", 2)

    @property
    def author(self) -> str:
        """The authors as one text, as the first version has them."""
        return as_one_author(self.authors)


class CorrectBook(ClubCommand):
    """Replace title, author and ISBN of a book, if it has the expected version."""

    id: UUID
    isbn: Isbn | None = None
    title: Title
    author: Author
    corrected_by: UUID
    """The reviewer who corrects it: the one who registered it, or an organiser."""
    expected_version: int | None = None
    """The version that the reviewer has seen; None to replace any."""
    metadata: Metadata = command_metadata("correct_book")


class BookCorrected(ClubEvent):
    """Title, authors or ISBN of a book were corrected; of two versions the higher one is valid.

    A registration is version 1.
    """

    id: UUID
    isbn: Isbn | None = Field(default=None, examples=["9780262510875"])
    title: str
    authors: list[str] = Field(examples=[["Harold Abelson", "Gerald Jay Sussman"]])
    corrected_by: UUID
    version: int
    metadata: Metadata = event_metadata("book_corrected")

    @property
    def author(self) -> str:
        """The authors as one text."""
        return as_one_author(self.authors)


class WithdrawBook(ClubCommand):
    """Withdraw a book with its reviews; a withdrawn one stays as it is."""

    id: UUID
    withdrawn_by: UUID
    """The reviewer who withdraws it, an organiser."""
    expected_version: int | None = None
    """The version that the organiser has seen; None to withdraw any."""
    metadata: Metadata = command_metadata("withdraw_book")


class BookWithdrawn(ClubEvent):
    """A book was withdrawn, which is a version too: of two versions the higher one is valid.

    Each of its reviews is withdrawn by an event of its own, and its ISBN is free again.
    """

    id: UUID
    title: str
    withdrawn_by: UUID
    version: int
    metadata: Metadata = event_metadata("book_withdrawn")
