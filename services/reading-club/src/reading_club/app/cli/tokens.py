"""The commands ``reading-club tokens``: the tokens with which programs act for a member."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import click
from pydantic import ValidationError

from reading_club.app.cli.support import fail, read_settings
from reading_club.app.field_errors import field_errors
from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.tokens import Token

if TYPE_CHECKING:
    from reading_club.app.application import Application

T = TypeVar("T")
NICKNAME = click.argument("nickname")


@click.group()
def tokens() -> None:
    """Make, list and revoke the tokens of a member."""


@tokens.command()
@NICKNAME
@click.argument("name")
def create(nickname: str, name: str) -> None:
    """Make a token and print it; the club keeps its hash alone. NAME says what it is for."""
    from reading_club.app.accounts.new_token import NewToken, new_token

    try:
        new = NewToken.model_validate({"name": name})
    except ValidationError as exc:
        fail("; ".join(f"the {e.field} {e.detail}" for e in field_errors(exc.errors())))

    async def make(application: "Application", account: Account) -> str:
        return (await new_token(application, account, new.name)).token

    click.echo(_for_member(nickname, make))


@tokens.command("list")
@NICKNAME
def list_tokens(nickname: str) -> None:
    """List the tokens of the member, the newest first: id, last use and name."""

    async def read(application: "Application", account: Account) -> list[Token]:
        async with application.reading() as uow:
            return list(await uow.tokens.list(account.id))

    for token in _for_member(nickname, read):
        used = f"{token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never used"
        click.echo(f"{token.id}  {used:<10}  {token.name}")


@tokens.command()
@NICKNAME
@click.argument("token", type=click.UUID)
def revoke(nickname: str, token: UUID) -> None:
    """Revoke the member's token with this id."""

    async def end(application: "Application", account: Account) -> bool:
        async with application.writing() as transaction:
            return await transaction.uow.tokens.revoke(account.id, token)

    if not _for_member(nickname, end):
        fail(f"{nickname} has no token {token}")
    click.echo("revoked")


def _for_member(nickname: str, work: Callable[["Application", Account], Awaitable[T]]) -> T:
    """Return the result of the work for the member; exit with 2 if there is no such member."""
    from reading_club.app.bootstrap.web import open_application_without_broker

    settings = read_settings()

    async def run() -> T:
        async with open_application_without_broker(settings) as application:
            async with application.reading() as uow:
                credentials = await uow.accounts.credentials(nickname)
            if credentials is None:
                fail(f"no member has the nickname {nickname!r}")
            return await work(application, credentials.account)

    return asyncio.run(run())
