"""The form of the club's settings on the page of the members."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from reading_club.app.accounts import administration
from reading_club.app.application import TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.web.accounts.members_page import ORGANISERS_FORM, members_page
from reading_club.app.web.html_forms import FormText, errors_of
from reading_club.app.web.identity import TheCaller, club_of_page
from reading_club.app.web.languages import N_, gettext
from reading_club.domain.errors import VersionMismatch
from reading_club.service.accounts.club import ClubSettings

router = APIRouter(include_in_schema=False, dependencies=[Depends(club_of_page)])

Version = Annotated[int, Form(ge=0, lt=10**9)]

CHANGED_MEANWHILE = N_(
    "Another organiser changed the settings meanwhile. Send yours again to replace them."
)


@router.post("/members/club", dependencies=ORGANISERS_FORM)
async def change_club(
    request: Request,
    application: TheApplication,
    caller: TheCaller,
    version: Version,
    name: FormText = "",
    open_to_read: FormText = "",
    may_ask_to_join: FormText = "",
) -> Response:
    """Replace the settings of the club. A box that is not ticked is not sent."""
    form = {
        "name": name,
        "open_to_read": bool(open_to_read),
        "may_ask_to_join": bool(may_ask_to_join),
    }
    try:
        settings = ClubSettings.model_validate(form)
        await administration.change_club(application, settings.model_dump(), version)
    except ValidationError as exc:
        form, errors = {**form, "version": version}, errors_of(exc)
    except VersionMismatch:
        errors = [FieldError(field="form", detail=gettext(CHANGED_MEANWHILE))]
    else:
        return RedirectResponse("/members?said=changed", 303)
    heading = gettext("The settings are as they were.")
    return await members_page(request, application, caller, form, errors, heading=heading)
