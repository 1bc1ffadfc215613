"""Makes the tokens with which programs act for a member."""

from uuid import UUID

from lastuuid import uuid7
from pydantic import BaseModel, ConfigDict

from reading_club.app.application import Application
from reading_club.domain.text import TokenName
from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.secrets import hash_of, new_secret


class NewToken(BaseModel):
    """A token to make; the name tells the member what it is for."""

    model_config = ConfigDict(extra="forbid")

    name: TokenName


class MadeToken(BaseModel):
    """A new token. ``token`` is shown this once: the club stores its hash."""

    id: UUID
    token: str


async def new_token(application: Application, account: Account, name: TokenName) -> MadeToken:
    """Store a new token of the member, and return it."""
    made = MadeToken(id=uuid7(), token=new_secret())
    async with application.writing() as transaction:
        tokens = transaction.uow.tokens
        await tokens.add(made.id, hash_of(made.token), account_id=account.id, name=name)
    return made
