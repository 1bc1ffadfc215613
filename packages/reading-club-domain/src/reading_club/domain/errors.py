"""Refusals: the errors of requests that cannot be granted as they stand."""

from uuid import UUID

from reading_club.domain.isbn import Isbn


class ReadingClubError(Exception):
    """Base of every error that the club raises on purpose."""


class Refusal(ReadingClubError):
    """The request cannot be granted as it stands; trying again does not help."""


class NotFound(Refusal):
    """The requested object does not exist."""

    kind = "object"

    def __init__(self, identifier: UUID) -> None:
        super().__init__(f"no {self.kind} has the id {identifier}")
        self.identifier = identifier


class BookNotFound(NotFound):
    """No book has this id."""

    kind = "book"


class ReviewerNotFound(NotFound):
    """No reviewer has this id."""

    kind = "reviewer"


class ReviewNotFound(NotFound):
    """No review has this id."""

    kind = "review"


class AccountNotFound(NotFound):
    """No account has this id."""

    kind = "account"


class Conflict(Refusal):
    """The request contradicts the stored data."""


class IdentifierTaken(Conflict):
    """The id belongs to another object already."""

    def __init__(self, identifier: UUID) -> None:
        super().__init__(f"the id {identifier} is already used for something else")
        self.identifier = identifier


class BookAlreadyRegistered(Conflict):
    """The ISBN is already on the shelf."""

    def __init__(self, isbn: Isbn) -> None:
        super().__init__(f"the ISBN {isbn} is already registered")
        self.isbn = isbn


class NicknameTaken(Conflict):
    """Another reviewer has this nickname, possibly in another case."""

    def __init__(self, nickname: str) -> None:
        super().__init__(f"the nickname {nickname!r} is already taken")
        self.nickname = nickname


class AlreadyReviewed(Conflict):
    """The reviewer has reviewed this book before; that review can be revised."""

    def __init__(self, book_id: UUID, reviewer_id: UUID) -> None:
        super().__init__(f"reviewer {reviewer_id} has already reviewed book {book_id}")
        self.book_id = book_id
        self.reviewer_id = reviewer_id


class VersionMismatch(Conflict):
    """The review has another version than expected: it was changed meanwhile."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the review was changed since its version {expected}")
        self.expected = expected


class AccountExists(Conflict):
    """The reviewer has an account already."""

    def __init__(self, reviewer_id: UUID) -> None:
        super().__init__(f"reviewer {reviewer_id} has an account already")
        self.reviewer_id = reviewer_id


class LastOrganiser(Conflict):
    """The club would be left without an organiser."""

    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"account {account_id} is the last organiser: name another one first")
        self.account_id = account_id
