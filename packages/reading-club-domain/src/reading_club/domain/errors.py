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


class NotReviewed(NotFound):
    """The member has no review of this book, or has withdrawn it."""

    def __init__(self, book_id: UUID) -> None:
        Refusal.__init__(self, f"the member has no review of the book {book_id}")
        self.identifier = book_id


class AccountNotFound(NotFound):
    """No account has this id."""

    kind = "account"


class InvitationNotFound(NotFound):
    """No invitation that can be revoked has this id."""

    kind = "open invitation"


class JoinRequestNotFound(NotFound):
    """No request to join that waits for an answer has this id."""

    kind = "request to join"


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
    """The object to be changed has another version than expected: it was changed meanwhile."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"version {expected} is not the current one: there was another change")
        self.expected = expected


class NotSignedIn(Refusal):
    """Members alone may do this: log in first."""

    def __init__(self, reason: str = "log in first, or send a valid token") -> None:
        super().__init__(reason)


class WrongCredentials(NotSignedIn):
    """No member has this nickname and password."""

    def __init__(self) -> None:
        super().__init__("the nickname or the password is wrong")


class NotAllowed(Refusal):
    """The member has no right to do this."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class WrongPassword(NotAllowed):
    """The present password is another one."""

    def __init__(self) -> None:
        super().__init__("that is not your present password")


class LinkNotValid(NotAllowed):
    """The link does not let anybody in: it has expired, was used or revoked, or never existed."""

    def __init__(self) -> None:
        super().__init__("the link has expired, was used or revoked, or is incomplete")


class AccountExists(Conflict):
    """The reviewer has an account already."""

    def __init__(self, reviewer_id: UUID) -> None:
        super().__init__(f"reviewer {reviewer_id} has an account already")
        self.reviewer_id = reviewer_id


class NotAnOrganiser(Conflict):
    """Only an organiser's account makes invitations and password links."""

    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"account {account_id} is not an organiser's")
        self.account_id = account_id


class LastOrganiser(Conflict):
    """The club would be left without an organiser."""

    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"account {account_id} is the last organiser: name another one first")
        self.account_id = account_id


class AlreadyAsked(Conflict):
    """A request to join with this nickname, possibly in another case, waits already."""

    def __init__(self, nickname: str) -> None:
        super().__init__(f"a request to join as {nickname!r} waits for an answer already")
        self.nickname = nickname


class TooManyJoinRequests(Conflict):
    """As many requests to join wait for an answer as the club takes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} requests to join wait for an answer: ask again later")
        self.most = most


class FollowsTooMany(Conflict):
    """The member follows as many books as a member may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"you follow {most} books already: unfollow one first")
        self.most = most


class NoMailServer(Conflict):
    """The club sends no mail: its organiser has set no server for it."""
