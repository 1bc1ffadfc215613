"""``/api/password`` and ``/password``: another password, by the present one or by a link."""

from typing import Self

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from reading_club.app.accounts.membership import LONGEST
from reading_club.app.accounts.password_change import (
    NewPassword,
    account_of_link,
    change_password,
    replace_forgotten_password,
)
from reading_club.app.application import TheApplication
from reading_club.app.web.accounts.entry import user_agent
from reading_club.app.web.books.books import require_json
from reading_club.app.web.html_forms import FormText, errors_of, form_page, require_form
from reading_club.app.web.identity import TheCaller, club_of_page, require_session, set_session
from reading_club.app.web.problems import BODY, responses
from reading_club.app.web.rate_limits import limits_of
from reading_club.domain.errors import Refusal

router = APIRouter()
TEMPLATE = "password.html"


class PasswordChange(BaseModel):
    """A new password, with the present one or with the secret of a link."""

    model_config = ConfigDict(extra="forbid")

    new_password: SecretStr
    password: SecretStr | None = Field(default=None, max_length=LONGEST)
    token: SecretStr | None = Field(default=None, max_length=LONGEST)

    @model_validator(mode="after")
    def _has_one_proof(self) -> Self:
        """Refuse both proofs, and none."""
        if (self.password is None) == (self.token is None):
            raise PydanticCustomError("one_proof", "must have either password or token")
        return self


def _new(nickname: str, password: SecretStr) -> NewPassword:
    try:
        return NewPassword(nickname=nickname, new_password=password)
    except ValidationError as exc:
        raise RequestValidationError(exc.errors(include_input=False)) from None


@router.put(
    "/api/password",
    status_code=204,
    dependencies=[Depends(require_json)],
    tags=["session"],
    responses=responses(401, 429, 503, *BODY),
)
async def put_password(
    change: PasswordChange,
    request: Request,
    response: Response,
    application: TheApplication,
    caller: TheCaller,
) -> None:
    """Change the password: all other sessions end. With a link, the browser is logged in."""
    if change.token is not None:
        link = change.token.get_secret_value()
        await limits_of(request).require("join", request)
        account = await account_of_link(application, link)
        new, label = _new(account.nickname, change.new_password), user_agent(request)
        _, secret = await replace_forgotten_password(application, link, new, label)
        set_session(request, response, secret)
    elif change.password is not None:
        account = await require_session(caller)
        new = _new(account.nickname, change.new_password)
        present = change.password.get_secret_value()
        await limits_of(request).require("log-in", request, account.nickname)
        await change_password(application, account, present, new, caller.session)


@router.get("/password", include_in_schema=False, dependencies=[Depends(club_of_page)])
async def new_password_page(
    request: Request, application: TheApplication, token: str = ""
) -> HTMLResponse:
    """Show the form for a new password. Raises LinkNotValid."""
    account = await account_of_link(application, token)
    return form_page(request, TEMPLATE, {"token": token}, nickname=account.nickname)


@router.post(
    "/password",
    include_in_schema=False,
    dependencies=[Depends(club_of_page), Depends(require_form)],
)
async def set_new_password(
    request: Request, application: TheApplication, token: FormText = "", new_password: FormText = ""
) -> Response:
    """Set the new password of the form, and log in."""
    await limits_of(request).require("join", request)
    account = await account_of_link(application, token)
    try:
        new = NewPassword.model_validate(
            {"nickname": account.nickname, "new_password": new_password}
        )
        _, secret = await replace_forgotten_password(application, token, new, user_agent(request))
    except (ValidationError, Refusal) as exc:
        form = {"token": token, "new_password": ""}
        return form_page(request, TEMPLATE, form, errors_of(exc), nickname=account.nickname)
    response = RedirectResponse("/?said=password", status_code=303)
    set_session(request, response, secret)
    return response
