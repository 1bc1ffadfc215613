"""``/api/session``: log in and log out; ``/api/welcome``: the first organiser."""

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from reading_club.app.accounts import membership
from reading_club.app.accounts.membership import LONGEST, NewMember
from reading_club.app.application import TheApplication
from reading_club.app.web.accounts.entry import enter_by_link, enter_by_password
from reading_club.app.web.accounts.members import MemberOut
from reading_club.app.web.books.books import require_json
from reading_club.app.web.identity import MemberInSession, TheCaller, drop_session, set_session
from reading_club.app.web.problems import BODY, responses

router = APIRouter(prefix="/api", tags=["session"], responses=responses(503))


class LogIn(BaseModel):
    """The nickname and the password of a member."""

    model_config = ConfigDict(extra="forbid")

    nickname: str = Field(max_length=LONGEST)
    password: SecretStr = Field(max_length=LONGEST)


class FirstOrganiser(NewMember):
    """The first organiser, with the secret of the welcome link."""

    token: SecretStr


@router.post(
    "/welcome",
    status_code=201,
    dependencies=[Depends(require_json)],
    responses=responses(409, 429, *BODY),
)
async def claim(
    new: FirstOrganiser, request: Request, response: Response, application: TheApplication
) -> MemberOut:
    """Become the organiser of a club that has none, and log in."""
    token = new.token.get_secret_value()
    account, secret = await enter_by_link(request, application, membership.claim, token, new)
    set_session(request, response, secret)
    return MemberOut.of(account)


@router.post(
    "/session",
    status_code=201,
    dependencies=[Depends(require_json)],
    responses=responses(401, 429, *BODY),
)
async def log_in(
    said: LogIn,
    request: Request,
    response: Response,
    application: TheApplication,
    caller: TheCaller,
) -> MemberOut:
    """Log in. The browser gets a new session; the one that it had ends."""
    password = said.password.get_secret_value()
    account, secret = await enter_by_password(request, application, caller, said.nickname, password)
    set_session(request, response, secret)
    return MemberOut.of(account)


@router.delete("/session", status_code=204, responses=responses(401, 403))
async def log_out(
    account: MemberInSession,
    caller: TheCaller,
    request: Request,
    response: Response,
    application: TheApplication,
) -> None:
    """Log out: the session ends."""
    if caller.session is not None:
        async with application.writing() as transaction:
            await transaction.uow.sessions.end(account.id, caller.session)
    drop_session(request, response)
