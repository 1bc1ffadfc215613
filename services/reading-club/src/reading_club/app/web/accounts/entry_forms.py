"""The pages on which people come in: ``/welcome``, ``/join`` and ``/login``, and ``/logout``."""

from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from reading_club.app.accounts import membership
from reading_club.app.accounts.membership import NewMember
from reading_club.app.application import Application, TheApplication
from reading_club.app.web.accounts.entry import Admit, enter_by_link, enter_by_password
from reading_club.app.web.html_forms import FormText, errors_of, form_page, require_form
from reading_club.app.web.identity import (
    TheCaller,
    TheClub,
    club_of_page,
    drop_session,
    set_session,
)
from reading_club.app.web.languages import N_
from reading_club.domain.errors import Refusal

router = APIRouter(include_in_schema=False, dependencies=[Depends(club_of_page)])


class SignUp(NamedTuple):
    """A page on which the holder of a link chooses nickname and password."""

    path: str
    heading: str
    intro: str
    button: str
    admit: Admit
    said: str


WELCOME = SignUp(
    "/welcome",
    N_("Become the organiser"),
    N_("You look after this club: you invite its members, and you can correct what they write."),
    N_("Open the club"),
    membership.claim,
    "claimed",
)
JOIN = SignUp(
    "/join",
    N_("Join the club"),
    N_("Choose the name that the others will see, and a password."),
    N_("Join"),
    membership.join,
    "joined",
)


@router.get("/welcome")
async def welcome(request: Request, application: TheApplication, token: str = "") -> HTMLResponse:
    """Show the form for the first organiser, or how to become one."""
    async with application.reading() as uow:
        is_claimed = await uow.accounts.is_claimed()
    form = {"nickname": "", "token": token}
    return form_page(request, "sign_up.html", form, page=WELCOME, is_claimed=is_claimed)


@router.get("/join")
async def join(request: Request, club: TheClub, token: str = "", said: str = "") -> HTMLResponse:
    """Show the form for an invitation; without one the form to ask, if the club allows it."""
    if not token and club.may_ask_to_join:
        has_asked = said == "asked"
        return form_page(request, "ask_to_join.html", {"nickname": ""}, has_asked=has_asked)
    return form_page(request, "sign_up.html", {"nickname": "", "token": token}, page=JOIN)


@router.post("/welcome", dependencies=[Depends(require_form)])
async def claim(
    request: Request,
    application: TheApplication,
    nickname: FormText = "",
    password: FormText = "",
    token: FormText = "",
) -> Response:
    """Make the sender of the form the organiser."""
    return await _sign_up(request, application, WELCOME, nickname, password, token)


@router.post("/join", dependencies=[Depends(require_form)])
async def become_member(
    request: Request,
    application: TheApplication,
    nickname: FormText = "",
    password: FormText = "",
    token: FormText = "",
) -> Response:
    """Make the sender of the form a member."""
    return await _sign_up(request, application, JOIN, nickname, password, token)


async def _sign_up(
    request: Request,
    application: Application,
    page: SignUp,
    nickname: str,
    password: str,
    token: str,
) -> Response:
    form = {"nickname": nickname, "token": token}
    try:
        new = NewMember.model_validate({"nickname": nickname, "password": password})
        _, secret = await enter_by_link(request, application, page.admit, token, new)
    except (ValidationError, Refusal) as exc:
        return form_page(request, "sign_up.html", form, errors_of(exc), page=page)
    return _enter(request, secret, f"/?said={page.said}")


def _enter(request: Request, secret: str, url: str) -> Response:
    response = RedirectResponse(url, status_code=303)
    set_session(request, response, secret)
    return response


@router.get("/login")
async def log_in(request: Request, next: str = "/") -> HTMLResponse:
    """Show the form to log in."""
    return form_page(request, "log_in.html", {"nickname": "", "next": next})


@router.post("/login", dependencies=[Depends(require_form)])
async def enter(
    request: Request,
    application: TheApplication,
    caller: TheCaller,
    nickname: FormText = "",
    password: FormText = "",
    next: FormText = "/",
) -> Response:
    """Log in, and go on to the page that asked for it."""
    try:
        _, secret = await enter_by_password(request, application, caller, nickname, password)
    except Refusal as exc:
        form = {"nickname": nickname, "next": next}
        return form_page(request, "log_in.html", form, errors_of(exc))
    return _enter(request, secret, own_page(next))


def own_page(url: str) -> str:
    """Return the URL if it is a page of this club, or the shelf."""
    is_own = url.startswith("/") and not url.startswith(("//", "/\\")) and url.isprintable()
    return url if is_own else "/"


@router.post("/logout", dependencies=[Depends(require_form)])
async def leave(request: Request, application: TheApplication, caller: TheCaller) -> Response:
    """Log out: the session ends."""
    if caller.account is not None and caller.session is not None:
        async with application.writing() as transaction:
            await transaction.uow.sessions.end(caller.account.id, caller.session)
    response = RedirectResponse("/?said=logged-out", status_code=303)
    drop_session(request, response)
    return response
