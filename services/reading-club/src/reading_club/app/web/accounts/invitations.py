"""``/api/invitations``: the links by which new members come in."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from reading_club.app.accounts import administration
from reading_club.app.application import TheApplication
from reading_club.app.web.accounts.secret_links import secret_link
from reading_club.app.web.books.books import require_json
from reading_club.app.web.identity import Organiser, require_organiser
from reading_club.app.web.problems import BODY, responses
from reading_club.service.accounts.invitations import Invitation, InvitationTerms

router = APIRouter(
    prefix="/api/invitations",
    tags=["invitations"],
    dependencies=[Depends(require_organiser)],
    responses=responses(401, 403, 503),
)

UsesLeft = Annotated[int, Field(description="how many people can still come in by it")]


class NewInvitation(InvitationTerms):
    """How many days, and for how many people, an invitation is valid."""

    model_config = ConfigDict(extra="forbid")


class InvitationWithSecret(BaseModel):
    """A new invitation. ``url`` and ``token`` are its secret, and cannot be read again."""

    id: UUID
    url: str
    token: str
    expires_at: AwareDatetime
    uses: UsesLeft


class InvitationOut(BaseModel):
    """An invitation that has not expired, without its secret."""

    id: UUID
    created_by: UUID = Field(description="the id of the member who made it")
    created_at: AwareDatetime
    expires_at: AwareDatetime
    uses: UsesLeft
    revoked_at: AwareDatetime | None

    @classmethod
    def of(cls, invitation: Invitation) -> Self:
        """Return the representation of an invitation."""
        return cls(
            id=invitation.id,
            created_by=invitation.created_by,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
            uses=invitation.uses_left,
            revoked_at=invitation.revoked_at,
        )


class InvitationList(BaseModel):
    """The invitations, the newest first."""

    items: list[InvitationOut]


@router.post(
    "", status_code=201, dependencies=[Depends(require_json)], responses=responses(409, *BODY)
)
async def invite(
    terms: NewInvitation, organiser: Organiser, request: Request, application: TheApplication
) -> InvitationWithSecret:
    """Make an invitation. Its link is in this response only."""
    invitation, secret = await administration.invite(application, organiser, terms)
    return InvitationWithSecret(
        id=invitation.id,
        url=secret_link(request, "/join", secret),
        token=secret,
        expires_at=invitation.expires_at,
        uses=invitation.uses_left,
    )


@router.get("")
async def list_invitations(application: TheApplication) -> InvitationList:
    """List the invitations that have not expired, the newest first, without their secrets."""
    async with application.reading() as uow:
        invitations = await uow.invitations.list()
    return InvitationList(items=[InvitationOut.of(each) for each in invitations])


@router.delete("/{id}", status_code=204, responses=responses(404, 422))
async def revoke(id: UUID, application: TheApplication) -> None:
    """Revoke an invitation: it admits no more members."""
    await administration.revoke(application, id)
