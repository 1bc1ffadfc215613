"""``/members``: who is in the club, and for organisers invitations and requests to join."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from reading_club.app.accounts import administration
from reading_club.app.application import Application, TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.web.accounts.secret_links import secret_link
from reading_club.app.web.html_forms import FormText, errors_of, form_page, require_form
from reading_club.app.web.identity import (
    Caller,
    OrganiserInSession,
    TheCaller,
    club_of_page,
    require_member,
    require_organiser_session,
)
from reading_club.app.web.languages import N_, gettext
from reading_club.domain.errors import Refusal
from reading_club.service.accounts.invitations import InvitationTerms
from reading_club.service.uow import AbstractUnitOfWork

router = APIRouter(include_in_schema=False, dependencies=[Depends(club_of_page)])

ORGANISERS_FORM = (Depends(require_organiser_session), Depends(require_form))
NOTICES: Mapping[str, str] = {
    "revoked": N_("The invitation is revoked: nobody comes in by it any more."),
    "approved": N_("The club has a new member."),
    "refused": N_("The request is deleted."),
    "removed": N_("The member is removed. The reviews stay."),
    "changed": N_("The settings are stored."),
}


async def _for_organisers(uow: AbstractUnitOfWork) -> Mapping[str, Any]:
    """Return what only organisers see on the page."""
    invitations = await uow.invitations.list()
    current = await uow.club.get()
    return {
        "invitations": [i for i in invitations if i.uses_left and i.revoked_at is None],
        "requests": await uow.join_requests.list(),
        "settings": {**current.settings.model_dump(), "version": current.version},
    }


async def members_page(
    request: Request,
    application: Application,
    caller: Caller,
    form: Mapping[str, Any] | None = None,
    errors: Sequence[FieldError] = (),
    **context: Any,
) -> HTMLResponse:
    """Return the page with what was typed into one of its forms, and the errors of that form."""
    async with application.reading() as uow:
        context["members"] = await uow.accounts.list()
        if caller.is_organiser:
            context |= await _for_organisers(uow)
    typed = {"days": "7", "uses": "1", **context.pop("settings", {}), **(form or {})}
    return form_page(
        request, "members.html", typed, errors, is_organiser=caller.is_organiser, **context
    )


@router.get("/members", dependencies=[Depends(require_member)])
async def show_members(
    request: Request, application: TheApplication, caller: TheCaller, said: str = ""
) -> HTMLResponse:
    """Show the members, and to an organiser what organisers do."""
    return await members_page(request, application, caller, notice=gettext(NOTICES.get(said, "")))


@router.post("/members/invitations", dependencies=ORGANISERS_FORM)
async def invite(
    request: Request,
    application: TheApplication,
    caller: TheCaller,
    organiser: OrganiserInSession,
    days: FormText = "",
    uses: FormText = "",
) -> HTMLResponse:
    """Make an invitation, and show its link on this page only."""
    form = {"days": days, "uses": uses}
    try:
        terms = InvitationTerms.model_validate(form)
        invitation, secret = await administration.invite(application, organiser, terms)
    except (ValidationError, Refusal) as exc:
        heading = gettext("No link was made.")
        return await members_page(
            request, application, caller, form, errors_of(exc), heading=heading
        )
    link = secret_link(request, "/join", secret)
    return await members_page(request, application, caller, link=link, invitation=invitation)


@router.post("/members/invitations/{id:uuid}/revoke", dependencies=ORGANISERS_FORM)
async def revoke(id: UUID, application: TheApplication) -> Response:
    """Revoke an invitation."""
    await administration.revoke(application, id)
    return RedirectResponse("/members?said=revoked", 303)


@router.post("/members/requests/{id:uuid}/approve", dependencies=ORGANISERS_FORM)
async def approve(
    id: UUID, request: Request, application: TheApplication, caller: TheCaller
) -> Response:
    """Make the sender of a request to join a member."""
    try:
        await administration.approve(application, id)
    except Refusal as exc:
        heading = gettext("Nobody has joined.")
        return await members_page(request, application, caller, {}, errors_of(exc), heading=heading)
    return RedirectResponse("/members?said=approved", 303)


@router.post("/members/requests/{id:uuid}/refuse", dependencies=ORGANISERS_FORM)
async def refuse(id: UUID, application: TheApplication) -> Response:
    """Refuse a request to join."""
    await administration.refuse(application, id)
    return RedirectResponse("/members?said=refused", 303)
