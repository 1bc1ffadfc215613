"""``/api/sessions``: where a member is logged in."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from pydantic import AwareDatetime, BaseModel

from reading_club.app.application import TheApplication
from reading_club.app.web.identity import MemberInSession, TheCaller
from reading_club.app.web.problems import responses
from reading_club.service.accounts.secrets import SecretHash

router = APIRouter(prefix="/api/sessions", tags=["session"], responses=responses(401, 403, 503))

SessionId = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


class SessionOut(BaseModel):
    """A session. ``is_current`` marks the one that sends the request.

    ``last_used_at`` is written at most every five minutes.
    """

    id: str
    label: str
    created_at: AwareDatetime
    last_used_at: AwareDatetime
    is_current: bool


class SessionList(BaseModel):
    """The sessions of a member, the one last used first."""

    items: list[SessionOut]


@router.get("")
async def list_sessions(
    account: MemberInSession, caller: TheCaller, application: TheApplication
) -> SessionList:
    """List the sessions of the member."""
    async with application.reading() as uow:
        sessions = await uow.sessions.list(account.id)
    items = [
        SessionOut(
            id=session.hash,
            label=session.label,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            is_current=session.hash == caller.session,
        )
        for session in sessions
    ]
    return SessionList(items=items)


@router.delete("/{id}", status_code=204, responses=responses(404, 422))
async def end_session(id: SessionId, account: MemberInSession, application: TheApplication) -> None:
    """End a session of the member."""
    async with application.writing() as transaction:
        is_ended = await transaction.uow.sessions.end(account.id, SecretHash(id))
    if not is_ended:
        raise HTTPException(404, "no session of yours has this id")
