"""Valid requests for the operations of the API. A new operation adds a line."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from lastuuid import uuid7

from reading_club.app.accounts.administration import change_club, invite, new_password_link
from reading_club.app.accounts.membership import (
    NewMember,
    add_member,
    ask_to_join,
    log_in,
    new_welcome_link,
)
from reading_club.app.accounts.new_token import new_token
from reading_club.app.application import Application
from reading_club.app.testing.valid_imports import IMPORTS
from reading_club.app.testing.valid_notifications import NOTIFICATIONS
from reading_club.domain.messages import CreateReview, CreateReviewer, RegisterBook
from reading_club.service.accounts.accounts import Account, Role
from reading_club.service.accounts.invitations import Invitation, InvitationTerms
from reading_club.service.accounts.secrets import hash_of, new_secret
from reading_club.testing.builders import an_isbn

PASSWORD: Final = "correct horse"
ANN: Final = {"nickname": "Ann", "password": PASSWORD}


class Club:
    """What is stored in a club, and requests about it that succeed."""

    def __init__(self, application: Application, call: Callable[..., Any]) -> None:
        """``call`` runs a coroutine function with arguments, and returns its result."""
        application.sends_mail = True
        self.application, self.call = application, call
        book = RegisterBook(isbn=an_isbn(), title="Emma", author="Jane Austen")
        self.book = str(self.call(application.handle, book).id)
        reviewer = self.call(application.handle, CreateReviewer(nickname="Bea"))
        self.reviewer = str(reviewer.id)

    def valid_for(self, operation: str) -> Mapping[str, Any]:
        """Return the path parameters and the body with which an operation succeeds, if any."""
        return VALID[operation](self) if operation in VALID else {}

    def welcome(self) -> str | None:
        """Return the secret of a new welcome link; None on a claimed club."""
        secret: str | None = self.call(new_welcome_link, self.application)
        return secret

    def log_in(self) -> Mapping[str, str]:
        """Store the member Cy, and return what Cy logs in with."""
        cy = {"nickname": "Cy", "password": PASSWORD}
        self.call(add_member, self.application, NewMember.model_validate(cy), Role.MEMBER)
        return cy

    def invitation(self) -> str:
        """Return the secret of an invitation, which an organiser of this club made."""
        secret: str = self.call(self._invite)[1]
        return secret

    def open_invitation(self) -> str:
        """Return the id of an invitation, which an organiser of this club made."""
        return str(self.call(self._invite)[0].id)

    async def _organiser(self) -> Account:
        new = NewMember.model_validate({"nickname": str(uuid7()), "password": PASSWORD})
        return await add_member(self.application, new, Role.ORGANISER)

    async def _invite(self) -> tuple[Invitation, str]:
        return await invite(self.application, await self._organiser(), InvitationTerms())

    def password_link(self) -> str:
        """Return the secret of a link for a new password."""
        secret: str = self.call(self._link)
        return secret

    async def _link(self) -> str:
        organiser = await self._organiser()
        return (await new_password_link(self.application, organiser, organiser.id))[0]

    def member(self) -> str:
        """Return the id of a new member."""
        new = {"nickname": str(uuid7()), "password": PASSWORD}
        added = self.call(add_member, self.application, NewMember.model_validate(new), Role.MEMBER)
        return str(added.id)

    def asker(self) -> Mapping[str, str]:
        """Let the club take requests to join, and return one."""
        self.call(self._take_requests)
        return {"nickname": str(uuid7()), "password": PASSWORD}

    async def _take_requests(self) -> None:
        async with self.application.reading() as uow:
            version = (await uow.club.get()).version
        await change_club(self.application, {"may_ask_to_join": True}, version)

    def join_request(self) -> str:
        """Return the id of a request to join that waits."""
        new = NewMember.model_validate(self.asker())
        return str(self.call(ask_to_join, self.application, new))

    def token_of_member(self) -> str:
        """Return the id of a token of the member who joined last."""
        token: str = self.call(self._token)
        return token

    async def _token(self) -> str:
        account = await self.newest_account()
        if account is None:
            return str(uuid7())
        return str((await new_token(self.application, account, "a script")).id)

    async def newest_account(self) -> Account | None:
        """Return the account of the member who joined last, None in an empty club."""
        async with self.application.reading() as uow:
            return next(reversed(await uow.accounts.list()), None)

    def session_of_member(self) -> str:
        """Return the id of a session of the member who joined last."""
        session: str = self.call(self._session)
        return session

    async def _session(self) -> str:
        account = await self.newest_account()
        if account is None:
            return hash_of(new_secret())
        _, secret = await log_in(self.application, account.nickname, PASSWORD, "another browser")
        return hash_of(secret)

    def reviewed(self) -> Mapping[str, str]:
        """Return the path of a book that the member who joined last has reviewed."""
        return dict(self.call(self._reviewed)[1])

    def review(self) -> Mapping[str, str]:
        """Return the path of a review of a book."""
        review_id, path = self.call(self._reviewed)
        return {**path, "review_id": str(review_id)}

    async def _reviewed(self) -> tuple[UUID, Mapping[str, str]]:
        account = await self.newest_account()
        reviewer_id = UUID(self.reviewer) if account is None else account.reviewer_id
        book = RegisterBook(isbn=an_isbn(), title="Emma", author="Jane Austen")
        await self.application.handle(book)
        review = CreateReview(book_id=book.id, reviewer_id=reviewer_id, rating=7)
        return (await self.application.handle(review)).id, {"id": str(book.id)}


VALID: Final[Mapping[str, Callable[[Club], Mapping[str, Any]]]] = {
    "POST /api/books": lambda _: {
        "body": {"title": "Emma", "author": "Jane Austen", "isbn": an_isbn().canonical}
    },
    "PATCH /api/books/{id}": lambda club: {
        "path_parameters": {"id": club.book},
        "headers": {"If-Match": '"1"'},
        "body": {"title": "Emma, corrected"},
    },
    "DELETE /api/books/{id}": lambda club: {"path_parameters": {"id": club.book}},
    "GET /api/books/{id}": lambda club: {"path_parameters": {"id": club.book}},
    "GET /api/books/{id}/reviews": lambda club: {"path_parameters": {"id": club.book}},
    "GET /api/books/{id}/review": lambda club: {"path_parameters": club.reviewed()},
    "PUT /api/books/{id}/review": lambda club: {
        "path_parameters": {"id": club.book},
        "body": {"rating": 7, "comment": "Good."},
    },
    "DELETE /api/books/{id}/review": lambda club: {"path_parameters": club.reviewed()},
    "DELETE /api/books/{id}/reviews/{review_id}": lambda club: {"path_parameters": club.review()},
    "GET /api/reviewers/{id}": lambda club: {"path_parameters": {"id": club.reviewer}},
    "POST /api/welcome": lambda club: {"body": {**ANN, "token": club.welcome()}},
    "POST /api/members": lambda club: {"body": {**ANN, "invitation": club.invitation()}},
    "POST /api/session": lambda club: {"body": club.log_in()},
    "DELETE /api/sessions/{id}": lambda club: {"path_parameters": {"id": club.session_of_member()}},
    "PUT /api/password": lambda club: {
        "body": {"token": club.password_link(), "new_password": PASSWORD}
    },
    "POST /api/me/leave": lambda _: {"body": {"erase": True, "password": PASSWORD}},
    "POST /api/invitations": lambda _: {"body": {"days": 1, "uses": 2}},
    "DELETE /api/invitations/{id}": lambda club: {
        "path_parameters": {"id": club.open_invitation()}
    },
    "PATCH /api/members/{id}": lambda club: {
        "path_parameters": {"id": club.member()},
        "body": {"role": "member"},
    },
    "DELETE /api/members/{id}": lambda club: {"path_parameters": {"id": club.member()}},
    "POST /api/members/{id}/password-link": lambda club: {"path_parameters": {"id": club.member()}},
    "POST /api/join-requests": lambda club: {"body": club.asker()},
    "POST /api/join-requests/{id}/approve": lambda club: {
        "path_parameters": {"id": club.join_request()}
    },
    "DELETE /api/join-requests/{id}": lambda club: {"path_parameters": {"id": club.join_request()}},
    "PATCH /api/club": lambda _: {"headers": {"If-Match": '"0"'}, "body": {"name": "Owls"}},
    **IMPORTS,
    "POST /api/tokens": lambda _: {"body": {"name": "a script"}},
    **NOTIFICATIONS,
    "DELETE /api/tokens/{id}": lambda club: {"path_parameters": {"id": club.token_of_member()}},
}
"""The path parameters and the body of a valid request, by operation; others need neither."""
