"""``/api/me/export``: everything that the club keeps of a member, to take along."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict

from reading_club.app.application import TheApplication
from reading_club.app.web.accounts.kept_reviews import KeptReview, reviews_of
from reading_club.app.web.accounts.registered_books import KeptBook, books_of
from reading_club.app.web.following.kept_following import KeptFollowing, following_of
from reading_club.app.web.identity import MemberInSession
from reading_club.app.web.imports.imports import ImportOut
from reading_club.app.web.imports.my_imports import KeptOwnBook, own_books_of
from reading_club.app.web.problems import responses
from reading_club.app.web.response_headers import download_headers
from reading_club.domain.text import nickname_key
from reading_club.service.accounts.accounts import Account, Role
from reading_club.service.uow import AbstractUnitOfWork

router = APIRouter(prefix="/api/me", tags=["members"], responses=responses(401, 403, 503))


class Kept(BaseModel):
    """Base of what is kept: the named fields of a row, so that a new one is not in it by chance.

    No hash is named, as a hash is what a secret is compared with.
    """

    model_config = ConfigDict(from_attributes=True)


class KeptAccount(BaseModel):
    """The account of the member. Others know the member by ``reviewer_id``."""

    id: UUID
    reviewer_id: UUID
    nickname: str
    role: Role
    joined_at: AwareDatetime


class KeptSession(Kept):
    """Where the member is logged in, without what the browser logs in with."""

    label: str
    created_at: AwareDatetime
    last_used_at: AwareDatetime


class KeptToken(Kept):
    """A token for programs, without the token."""

    name: str
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None


class KeptInvitation(Kept):
    """An invitation that the member made and that has not expired, without its link."""

    created_at: AwareDatetime
    expires_at: AwareDatetime
    uses_left: int
    revoked_at: AwareDatetime | None


class KeptJoinRequest(Kept):
    """A request to join with the member's nickname that waits for an answer."""

    nickname: str
    created_at: AwareDatetime


class KeptOfAccount(BaseModel):
    """What is kept of an account, but for the reviews."""

    account: KeptAccount
    sessions: list[KeptSession]
    tokens: list[KeptToken]
    invitations: list[KeptInvitation]
    join_requests: list[KeptJoinRequest]
    imports: list[ImportOut]
    following: KeptFollowing


class MyData(KeptOfAccount):
    """Everything that is kept of a member.

    ``own_books`` are shelves and dates, which nobody else sees.

    ``books`` are those that the member registered, also withdrawn ones; ``reviews`` are the newest
    first.
    """

    books: list[KeptBook]
    reviews: list[KeptReview]
    own_books: list[KeptOwnBook]


async def kept_of(uow: AbstractUnitOfWork, account: Account) -> KeptOfAccount:
    """Return what is kept of the account, but for the reviews."""
    invitations = [i for i in await uow.invitations.list() if i.created_by == account.id]
    key, requests = nickname_key(account.nickname), await uow.join_requests.list()
    return KeptOfAccount(
        account=KeptAccount(
            id=account.id,
            reviewer_id=account.reviewer_id,
            nickname=account.nickname,
            role=account.role,
            joined_at=account.created_at,
        ),
        sessions=list(map(KeptSession.model_validate, await uow.sessions.list(account.id))),
        tokens=list(map(KeptToken.model_validate, await uow.tokens.list(account.id))),
        invitations=list(map(KeptInvitation.model_validate, invitations)),
        join_requests=[
            KeptJoinRequest.model_validate(request)
            for request in requests
            if nickname_key(request.nickname) == key
        ],
        imports=list(map(ImportOut.of, await uow.imports.list(account.id))),
        following=await following_of(uow, account.id),
    )


@router.get("/export", response_class=StreamingResponse, responses={200: {"model": MyData}})
async def export_my_data(
    account: MemberInSession, application: TheApplication
) -> StreamingResponse:
    """Get everything that the club keeps of you, as one JSON document.

    If the database fails in the middle, the document and the response are incomplete.
    """
    async with application.reading() as uow:
        kept = await kept_of(uow, account)

    async def content() -> AsyncIterator[str]:
        yield kept.model_dump_json().removesuffix("}")
        lists: dict[str, AsyncIterator[Sequence[BaseModel]]] = {
            "books": books_of(application, account.reviewer_id),
            "reviews": reviews_of(application, account.reviewer_id),
            "own_books": own_books_of(application, account.id),
        }
        for name, pages in lists.items():
            separator = f',"{name}":['
            async for page in pages:
                for each in page:
                    yield separator + each.model_dump_json()
                    separator = ","
            yield "]" if separator == "," else f"{separator}]"
        yield "}"

    headers = download_headers("my-data.json")
    return StreamingResponse(content(), media_type="application/json", headers=headers)


async def _items(pages: AsyncIterator[Sequence[BaseModel]]) -> AsyncIterator[str]:
    """Yield the items of pages as JSON, with commas between them."""
    separator = ""
    async for page in pages:
        for item in page:
            yield separator + item.model_dump_json()
            separator = ","
