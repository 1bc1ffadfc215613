"""``/api/members`` and ``/api/me``: who is in the club."""

from typing import Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from reading_club.app.accounts import administration, membership
from reading_club.app.accounts.membership import LONGEST, NewMember
from reading_club.app.accounts.password_change import require_password
from reading_club.app.application import TheApplication
from reading_club.app.web.accounts.entry import enter_by_link
from reading_club.app.web.accounts.secret_links import secret_link
from reading_club.app.web.books.books import require_json
from reading_club.app.web.identity import (
    Member,
    MemberInSession,
    OrganiserInSession,
    drop_session,
    require_member,
    require_organiser_session,
    set_session,
)
from reading_club.app.web.problems import BODY, responses
from reading_club.app.web.rate_limits import limits_of
from reading_club.service.accounts.accounts import Account, Role

router = APIRouter(prefix="/api", tags=["members"], responses=responses(503))


class MemberOut(BaseModel):
    """A member of the club. ``reviewer_id`` is the id under which the member writes reviews."""

    id: UUID
    reviewer_id: UUID
    nickname: str
    role: Role
    joined_at: AwareDatetime

    @classmethod
    def of(cls, account: Account) -> Self:
        """Return the representation of an account, without its credentials."""
        return cls(
            id=account.id,
            reviewer_id=account.reviewer_id,
            nickname=account.nickname,
            role=account.role,
            joined_at=account.created_at,
        )


class InvitedMember(NewMember):
    """A new member with the secret of an invitation."""

    invitation: SecretStr


class MemberList(BaseModel):
    """All members, the one who joined first at the top."""

    items: list[MemberOut]


class RoleChange(BaseModel):
    """The new role of a member."""

    model_config = ConfigDict(extra="forbid")

    role: Role


class PasswordLinkOut(BaseModel):
    """A link to set a new password, with its secret, which cannot be read again."""

    url: str
    token: str
    expires_at: AwareDatetime


@router.post(
    "/members",
    status_code=201,
    dependencies=[Depends(require_json)],
    responses=responses(409, 429, *BODY),
)
async def join(
    new: InvitedMember, request: Request, response: Response, application: TheApplication
) -> MemberOut:
    """Become a member by an invitation, and log in."""
    invitation = new.invitation.get_secret_value()
    account, secret = await enter_by_link(request, application, membership.join, invitation, new)
    set_session(request, response, secret)
    return MemberOut.of(account)


@router.get("/members", dependencies=[Depends(require_member)], responses=responses(401))
async def list_members(application: TheApplication) -> MemberList:
    """List all members."""
    async with application.reading() as uow:
        accounts = await uow.accounts.list()
    return MemberList(items=[MemberOut.of(account) for account in accounts])


@router.patch(
    "/members/{id}",
    dependencies=[Depends(require_organiser_session), Depends(require_json)],
    responses=responses(401, 404, 409, *BODY),
)
async def change_role(id: UUID, change: RoleChange, application: TheApplication) -> MemberOut:
    """Make a member an organiser, or an organiser a member. One organiser stays."""
    return MemberOut.of(await administration.change_role(application, id, change.role))


@router.delete("/members/{id}", status_code=204, responses=responses(401, 403, 404, 409, 422))
async def remove_member(
    id: UUID,
    organiser: OrganiserInSession,
    request: Request,
    response: Response,
    application: TheApplication,
) -> None:
    """Remove a member, whose reviews stay. An organiser who removes herself leaves the club."""
    await administration.remove(application, id)
    if id == organiser.id:
        drop_session(request, response)


@router.post(
    "/members/{id}/password-link",
    status_code=201,
    responses=responses(401, 403, 404, 409, 422),
)
async def new_password_link(
    id: UUID, organiser: OrganiserInSession, request: Request, application: TheApplication
) -> PasswordLinkOut:
    """Make a link with which a member sets a new password. It is in this response only."""
    secret, expires_at = await administration.new_password_link(application, organiser, id)
    url = secret_link(request, "/password", secret)
    return PasswordLinkOut(url=url, token=secret, expires_at=expires_at)


class Leave(BaseModel):
    """How a member leaves: with ``erase`` without leaving a word."""

    model_config = ConfigDict(extra="forbid")

    erase: bool
    password: SecretStr = Field(max_length=LONGEST)


@router.post(
    "/me/leave",
    status_code=204,
    dependencies=[Depends(require_json)],
    responses=responses(401, 403, 409, 422, 429, *BODY),
)
async def leave(
    said: Leave,
    account: MemberInSession,
    request: Request,
    response: Response,
    application: TheApplication,
) -> None:
    """Leave the club. The reviews stay under the nickname, unless they are erased with it."""
    await limits_of(request).require("log-in", request, account.nickname)
    await require_password(application, account, said.password.get_secret_value())
    await application.remove(account, erase=said.erase)
    drop_session(request, response)


@router.get("/me", responses=responses(401))
async def get_me(account: Member) -> MemberOut:
    """Get the member who sends the request."""
    return MemberOut.of(account)
