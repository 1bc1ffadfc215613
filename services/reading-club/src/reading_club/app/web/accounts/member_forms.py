"""``/members/{id}``: what an organiser can change about one member."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reading_club.app.accounts import administration
from reading_club.app.application import Application, TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.web.accounts.members_page import ORGANISERS_FORM
from reading_club.app.web.accounts.secret_links import secret_link
from reading_club.app.web.html_forms import form_page
from reading_club.app.web.identity import (
    OrganiserInSession,
    club_of_page,
    drop_session,
    require_organiser_session,
)
from reading_club.app.web.languages import N_, gettext
from reading_club.domain.errors import LastOrganiser
from reading_club.service.accounts.accounts import Role

router = APIRouter(include_in_schema=False, dependencies=[Depends(club_of_page)])

LAST_ORGANISER = N_("This is the last organiser: make another member one first.")
NOTICES: Mapping[str, str] = {"role": N_("The role is changed.")}


async def _member_page(
    request: Request,
    application: Application,
    id: UUID,
    errors: Sequence[FieldError] = (),
    **context: Any,
) -> HTMLResponse:
    async with application.reading() as uow:
        account = await administration.account_of(uow, id)
    return form_page(request, "member.html", {}, errors, member=account, **context)


@router.get("/members/{id:uuid}", dependencies=[Depends(require_organiser_session)])
async def show_member(
    id: UUID, request: Request, application: TheApplication, said: str = ""
) -> HTMLResponse:
    """Show a member, and the buttons of what an organiser can change."""
    return await _member_page(request, application, id, notice=gettext(NOTICES.get(said, "")))


@router.post("/members/{id:uuid}/role/{role}", dependencies=ORGANISERS_FORM)
async def change_role(
    id: UUID,
    role: Role,
    request: Request,
    application: TheApplication,
    organiser: OrganiserInSession,
) -> Response:
    """Make a member an organiser, or an organiser a member."""
    try:
        account = await administration.change_role(application, id, role)
    except LastOrganiser:
        return await _member_page(
            request, application, id, [FieldError(field="form", detail=gettext(LAST_ORGANISER))]
        )
    is_self_demoted = id == organiser.id and account.role is Role.MEMBER
    return RedirectResponse("/members" if is_self_demoted else f"/members/{id}?said=role", 303)


@router.post("/members/{id:uuid}/password-link", dependencies=ORGANISERS_FORM)
async def new_password_link(
    id: UUID, request: Request, application: TheApplication, organiser: OrganiserInSession
) -> HTMLResponse:
    """Make a link with which the member sets a new password, and show it on this page only."""
    secret, expires_at = await administration.new_password_link(application, organiser, id)
    link = secret_link(request, "/password", secret)
    return await _member_page(request, application, id, link=link, expires_at=expires_at)


@router.post("/members/{id:uuid}/remove", dependencies=ORGANISERS_FORM)
async def remove(
    id: UUID, request: Request, application: TheApplication, organiser: OrganiserInSession
) -> Response:
    """Remove the member. An organiser who removes herself leaves the club."""
    try:
        await administration.remove(application, id)
    except LastOrganiser:
        return await _member_page(
            request, application, id, [FieldError(field="form", detail=gettext(LAST_ORGANISER))]
        )
    if id != organiser.id:
        return RedirectResponse("/members?said=removed", 303)
    response = RedirectResponse("/?said=left", 303)
    drop_session(request, response)
    return response
