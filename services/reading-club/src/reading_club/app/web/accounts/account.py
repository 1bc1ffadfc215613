"""The page ``/account``: a member's reviews, what is followed, sessions, tokens and password."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from reading_club.app.accounts.new_token import NewToken, new_token
from reading_club.app.accounts.password_change import NewPassword, change_password, require_password
from reading_club.app.application import Application, TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.web.accounts.sessions import SessionId
from reading_club.app.web.html_forms import FormText, errors_of, form_page, require_form
from reading_club.app.web.identity import (
    Caller,
    MemberInSession,
    TheCaller,
    club_of_page,
    drop_session,
)
from reading_club.app.web.languages import N_, gettext
from reading_club.app.web.paging import page_of
from reading_club.app.web.rate_limits import limits_of
from reading_club.app.web.refusal_texts import refusal_text
from reading_club.domain.errors import Refusal
from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.secrets import SecretHash

router = APIRouter(prefix="/account", include_in_schema=False, dependencies=[Depends(club_of_page)])

REVIEWS = 20
NOTICES: Mapping[str, str] = {
    "address": N_("If the address is new, a link is on its way to it: open that to confirm it."),
    "address-removed": N_("The address is deleted, and nothing more is sent to it."),
    "feed-revoked": N_("Your feed has ended."),
    "followed": N_("You follow the club now."),
    "password": N_("The password is changed. Your other sessions have ended."),
    "session": N_("The session has ended."),
    "token": N_("The token is revoked."),
    "unfollowed": N_("You do not follow the club any more."),
}


async def show_account(
    request: Request,
    application: Application,
    account: Account,
    caller: Caller,
    *,
    cursor: UUID | None = None,
    form: Mapping[str, Any] | None = None,
    errors: Sequence[FieldError] = (),
    **context: Any,
) -> HTMLResponse:
    """Return the page, with what was typed into one of its forms, and with its errors."""
    async with application.reading() as uow:
        reviews = await uow.reviews.page(
            reviewer_id=account.reviewer_id, before=cursor, limit=REVIEWS + 1
        )
        sessions = await uow.sessions.list(account.id)
        tokens = await uow.tokens.list(account.id)
        following = await uow.follows.of(account.id)
        feed_created_at = await uow.following_feeds.created_at(account.id)
        mail = await uow.mail_addresses.find(account.id)
    shown, older = page_of(reviews, REVIEWS)
    context |= {
        "account": account,
        "reviews": shown,
        "older": older,
        "is_newest": cursor is None,
        "sessions": sessions,
        "present": caller.session,
        "tokens": tokens,
        "following": following,
        "feed_created_at": feed_created_at,
        "mail": mail,
        "sends_mail": application.sends_mail,
    }
    return form_page(request, "account.html", form or {}, errors, **context)


@router.get("")
async def account_page(
    request: Request,
    application: TheApplication,
    account: MemberInSession,
    caller: TheCaller,
    cursor: UUID | None = None,
    said: str = "",
) -> HTMLResponse:
    """Show the member's account."""
    return await show_account(
        request, application, account, caller, cursor=cursor, notice=gettext(NOTICES.get(said, ""))
    )


@router.post("/password", dependencies=[Depends(require_form)])
async def post_password(
    request: Request,
    application: TheApplication,
    account: MemberInSession,
    caller: TheCaller,
    password: FormText = "",
    new_password: FormText = "",
) -> Response:
    """Change the password; the other sessions end."""
    said = {"nickname": account.nickname, "new_password": new_password}
    try:
        new = NewPassword.model_validate(said)
        await limits_of(request).require("log-in", request, account.nickname)
        await change_password(application, account, password, new, caller.session)
    except (ValidationError, Refusal) as exc:
        form = {"password": "", "new_password": ""}
        return await show_account(
            request, application, account, caller, form=form, errors=errors_of(exc)
        )
    return RedirectResponse("/account?said=password", status_code=303)


@router.post("/leave", dependencies=[Depends(require_form)])
async def leave(
    request: Request,
    application: TheApplication,
    account: MemberInSession,
    caller: TheCaller,
    leave_password: FormText = "",
    erase: FormText = "",
) -> Response:
    """Leave the club, and erase the member's words if the box was ticked."""
    try:
        await limits_of(request).require("log-in", request, account.nickname)
        await require_password(application, account, leave_password)
        await application.remove(account, erase=bool(erase))
    except Refusal as exc:
        errors = [FieldError(field="leave_password", detail=refusal_text(exc))]
        form = {"erase": erase}
        return await show_account(request, application, account, caller, form=form, errors=errors)
    response = RedirectResponse("/?said=left", status_code=303)
    drop_session(request, response)
    return response


@router.post("/sessions/{id}/end", dependencies=[Depends(require_form)])
async def end_session(
    id: SessionId, account: MemberInSession, application: TheApplication
) -> Response:
    """End a session of the member."""
    async with application.writing() as transaction:
        await transaction.uow.sessions.end(account.id, SecretHash(id))
    return RedirectResponse("/account?said=session", status_code=303)


@router.post("/tokens", dependencies=[Depends(require_form)])
async def make_token(
    request: Request,
    application: TheApplication,
    account: MemberInSession,
    caller: TheCaller,
    name: FormText = "",
) -> Response:
    """Make a token, and show it on the page this once."""
    try:
        new = NewToken.model_validate({"name": name})
    except ValidationError as exc:
        errors = errors_of(exc)
        return await show_account(
            request, application, account, caller, form={"name": name}, errors=errors
        )
    made = await new_token(application, account, new.name)
    return await show_account(request, application, account, caller, made=made)


@router.post("/tokens/{id}/revoke", dependencies=[Depends(require_form)])
async def revoke_token(id: UUID, account: MemberInSession, application: TheApplication) -> Response:
    """Revoke a token of the member."""
    async with application.writing() as transaction:
        await transaction.uow.tokens.revoke(account.id, id)
    return RedirectResponse("/account?said=token", status_code=303)
