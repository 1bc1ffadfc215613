"""``/api/tokens``: the tokens with which programs act for a member."""

from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException
from pydantic import AwareDatetime, BaseModel

from reading_club.app.accounts.new_token import MadeToken, NewToken, new_token
from reading_club.app.application import TheApplication
from reading_club.app.web.books.books import require_json
from reading_club.app.web.identity import MemberInSession
from reading_club.app.web.problems import BODY, responses

router = APIRouter(prefix="/api/tokens", tags=["tokens"], responses=responses(401, 403, 503))


class TokenOut(BaseModel):
    """A token in the list. ``last_used_at`` is written at most every five minutes."""

    id: UUID
    name: str
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None


class TokenList(BaseModel):
    """The tokens of a member, the newest first."""

    items: list[TokenOut]


@router.post("", status_code=201, dependencies=[Depends(require_json)], responses=responses(*BODY))
async def make_token(
    new: NewToken, account: MemberInSession, application: TheApplication
) -> MadeToken:
    """Make a token: send it as ``Authorization: Bearer …``."""
    return await new_token(application, account, new.name)


@router.get("")
async def list_tokens(account: MemberInSession, application: TheApplication) -> TokenList:
    """List the tokens of the member."""
    async with application.reading() as uow:
        tokens = await uow.tokens.list(account.id)
    return TokenList(items=[TokenOut.model_validate(vars(token)) for token in tokens])


@router.delete("/{id}", status_code=204, responses=responses(404, 422))
async def revoke_token(id: UUID, account: MemberInSession, application: TheApplication) -> None:
    """Revoke a token of the member."""
    async with application.writing() as transaction:
        is_revoked = await transaction.uow.tokens.revoke(account.id, id)
    if not is_revoked:
        raise HTTPException(404, "no token of yours has this id")
