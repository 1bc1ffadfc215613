"""The form on ``/join`` of people who have no invitation and ask."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from reading_club.app.accounts import membership
from reading_club.app.accounts.membership import NewMember
from reading_club.app.application import TheApplication
from reading_club.app.web.html_forms import FormText, errors_of, form_page, require_form
from reading_club.app.web.identity import club_of_page
from reading_club.app.web.rate_limits import limits_of
from reading_club.domain.errors import Refusal

router = APIRouter(include_in_schema=False, dependencies=[Depends(club_of_page)])


@router.post("/join/request", dependencies=[Depends(require_form)])
async def ask_to_join(
    request: Request,
    application: TheApplication,
    nickname: FormText = "",
    password: FormText = "",
) -> Response:
    """Store a request to join, for an organiser to answer."""
    try:
        new = NewMember.model_validate({"nickname": nickname, "password": password})
        await limits_of(request).require("join", request, new.nickname)
        await membership.ask_to_join(application, new)
    except (ValidationError, Refusal) as exc:
        return form_page(request, "ask_to_join.html", {"nickname": nickname}, errors_of(exc))
    return RedirectResponse("/join?said=asked", 303)
