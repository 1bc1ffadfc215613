"""``/api/join-requests``: people without an invitation ask, and organisers answer."""

from typing import Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel

from reading_club.app.accounts import administration, membership
from reading_club.app.accounts.membership import NewMember
from reading_club.app.application import TheApplication
from reading_club.app.web.accounts.members import MemberOut
from reading_club.app.web.books.books import require_json
from reading_club.app.web.identity import require_organiser
from reading_club.app.web.problems import BODY, responses
from reading_club.app.web.rate_limits import limits_of
from reading_club.service.accounts.join_requests import JoinRequest

router = APIRouter(prefix="/api/join-requests", tags=["members"], responses=responses(503))


class SentRequest(BaseModel):
    """The id of a request to join that waits for an answer."""

    id: UUID


class JoinRequestOut(SentRequest):
    """A request to join that waits for an answer."""

    nickname: str
    created_at: AwareDatetime

    @classmethod
    def of(cls, request: JoinRequest) -> Self:
        """Return the representation of a request to join."""
        return cls(id=request.id, nickname=request.nickname, created_at=request.created_at)


class JoinRequestList(BaseModel):
    """The requests to join that wait for an answer, the oldest first."""

    items: list[JoinRequestOut]


@router.post(
    "",
    status_code=202,
    dependencies=[Depends(require_json)],
    responses=responses(409, 429, *BODY),
)
async def ask_to_join(new: NewMember, request: Request, application: TheApplication) -> SentRequest:
    """Ask to become a member, if the club takes requests. An organiser answers."""
    await limits_of(request).require("join", request, new.nickname)
    return SentRequest(id=await membership.ask_to_join(application, new))


@router.get("", dependencies=[Depends(require_organiser)], responses=responses(401, 403))
async def list_join_requests(application: TheApplication) -> JoinRequestList:
    """List the requests that wait for an answer, the oldest first."""
    async with application.reading() as uow:
        requests = await uow.join_requests.list()
    return JoinRequestList(items=[JoinRequestOut.of(each) for each in requests])


@router.post(
    "/{id}/approve",
    status_code=201,
    dependencies=[Depends(require_organiser)],
    responses=responses(401, 403, 404, 409, 422),
)
async def approve(id: UUID, application: TheApplication) -> MemberOut:
    """Make the sender of a request a member, with the password that was sent with it."""
    return MemberOut.of(await administration.approve(application, id))


@router.delete(
    "/{id}",
    status_code=204,
    dependencies=[Depends(require_organiser)],
    responses=responses(401, 403, 404, 422),
)
async def refuse(id: UUID, application: TheApplication) -> None:
    """Refuse a request: it is deleted."""
    await administration.refuse(application, id)
