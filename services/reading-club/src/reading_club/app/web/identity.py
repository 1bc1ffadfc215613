"""Who sends a request: a member by the cookie of a session or by a token, or a visitor.

These dependencies take the request instead of the application: FastAPI resolves what a dependency
depends on once more for each use of it, also when its result is known.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from reading_club.app.application import Application, application_of
from reading_club.domain.errors import NotAllowed, NotSignedIn
from reading_club.eventstream.errors import TransientFailure
from reading_club.service.accounts.accounts import Account, Role
from reading_club.service.accounts.club import ClubSettings
from reading_club.service.accounts.secrets import SecretHash, hash_of
from reading_club.service.accounts.sessions import ABSOLUTE, Sessions
from reading_club.service.accounts.tokens import Tokens
from reading_club.service.uow import AbstractUnitOfWork

COOKIE = "session"
SECURE_COOKIE = "__Host-session"
"""The cookie where there is TLS: browsers take it from this host alone."""


@dataclass(frozen=True)
class Caller:
    """The sender of a request: a member, or a visitor without an account.

    ``session`` is the hash of the session's id; None for a token.
    """

    account: Account | None = None
    session: SecretHash | None = None

    @property
    def is_organiser(self) -> bool:
        """Whether an organiser sends the request."""
        return self.account is not None and self.account.role is Role.ORGANISER


def is_secure(request: Request) -> bool:
    """Whether the browser reached the club over TLS."""
    is_https: bool = request.app.state.is_https
    return is_https or request.url.scheme == "https"


def cookie_name(request: Request) -> str:
    """Return the name of the cookie that holds the session's id."""
    return SECURE_COOKIE if is_secure(request) else COOKIE


def set_session(request: Request, response: Response, secret: str) -> None:
    """Let the browser keep the session's id, out of reach of scripts and of other sites' forms."""
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=int(ABSOLUTE),
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def drop_session(request: Request, response: Response) -> None:
    """Let the browser forget the session's id."""
    response.delete_cookie(
        cookie_name(request), secure=is_secure(request), httponly=True, samesite="lax"
    )


async def _account(
    application: Application, hash: SecretHash, *, by_token: bool, store_use: bool
) -> Account | None:
    """Return the account of a session or a token; now and then, store that it was used."""
    async with application.reading() as uow:
        signed_in = await _secrets(uow, by_token=by_token).find(hash)
    if signed_in is None:
        return None
    if signed_in.is_stale and store_use:
        with suppress(TransientFailure):  # the next use is stored instead
            async with application.writing() as transaction:
                await _secrets(transaction.uow, by_token=by_token).touch(hash)
    return signed_in.account


def _secrets(uow: AbstractUnitOfWork, *, by_token: bool) -> Sessions | Tokens:
    return uow.tokens if by_token else uow.sessions


async def caller_of(request: Request) -> Caller:
    """Return the sender of the request, also as ``request.state.caller`` for the pages.

    Raises NotSignedIn for a token that is not valid.
    """
    request.state.caller = caller = await sender_of(request)
    return caller


async def sender_of(request: Request, *, store_use: bool = True) -> Caller:
    """Return the sender; a cookie that is not valid makes a visitor. Raises as ``caller_of``."""
    caller, application = Caller(), await application_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        account = None
        if scheme.lower() == "bearer":
            account = await _account(
                application, hash_of(token.strip()), by_token=True, store_use=store_use
            )
        if account is None:
            raise NotSignedIn
        caller = Caller(account)
    elif secret := request.cookies.get(cookie_name(request)):
        session = hash_of(secret)
        if account := await _account(application, session, by_token=False, store_use=store_use):
            caller = Caller(account, session)
    return caller


TheCaller = Annotated[Caller, Depends(caller_of)]
"""The type of a route's argument that is the sender of the request."""


async def require_member(caller: TheCaller) -> Account:
    """Return the member's account. Raises NotSignedIn for a visitor."""
    if caller.account is None:
        raise NotSignedIn
    return caller.account


async def require_organiser(caller: TheCaller) -> Account:
    """Return the organiser's account. Raises NotSignedIn, or NotAllowed for a member."""
    account = await require_member(caller)
    if account.role is not Role.ORGANISER:
        raise NotAllowed("this is for organisers")
    return account


async def require_session(caller: TheCaller) -> Account:
    """Return the account of a session. Raises NotSignedIn, or NotAllowed for a token."""
    account = await require_member(caller)
    if caller.session is None:
        raise NotAllowed("a token cannot do this: log in")
    return account


async def require_organiser_session(caller: TheCaller) -> Account:
    """Return the account of an organiser's session. Raises as the two above."""
    await require_session(caller)
    return await require_organiser(caller)


async def require_writer(caller: TheCaller, request: Request) -> None:
    """Raise NotSignedIn for a visitor, unless anybody may write until the club is claimed."""
    if caller.account is None and not await is_open_to_all(await application_of(request)):
        raise NotSignedIn


async def is_open_to_all(application: Application) -> bool:
    """Whether anybody may write: the club runs on this machine alone, and has no organiser yet."""
    if not application.open_until_claimed:
        return False
    async with application.reading() as uow:
        application.open_until_claimed = not await uow.accounts.is_claimed()
    return application.open_until_claimed


async def require_reader(caller: TheCaller, request: Request) -> None:
    """Raise NotSignedIn for a visitor, if only members may look. Costs a member no statement."""
    if caller.account is None:
        application = await application_of(request)
        if not (await application.read_club()).open_to_read:
            raise NotSignedIn


async def club_of_page(caller: TheCaller, request: Request) -> ClubSettings:
    """Read who opens a page and the settings of the club, for the head of the page."""
    del caller  # the page shows who it is
    return await (await application_of(request)).read_club()


TheClub = Annotated[ClubSettings, Depends(club_of_page)]
"""The type of a page's argument that is the settings of the club."""


async def require_reader_of_page(caller: TheCaller, club: TheClub) -> None:
    """Raise NotSignedIn for a visitor, if only members may look."""
    if caller.account is None and not club.open_to_read:
        raise NotSignedIn


Member = Annotated[Account, Depends(require_member)]
Organiser = Annotated[Account, Depends(require_organiser)]
MemberInSession = Annotated[Account, Depends(require_session)]
OrganiserInSession = Annotated[Account, Depends(require_organiser_session)]
"""Types of a route's argument: the account, which has the right that the name says."""
