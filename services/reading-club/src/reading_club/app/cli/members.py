"""The commands ``reading-club members``: who is in the club."""

import asyncio
import sys
from typing import TYPE_CHECKING

import click
from pydantic import ValidationError

from reading_club.app.cli.support import fail, read_settings
from reading_club.app.field_errors import field_errors
from reading_club.app.settings import Settings
from reading_club.domain.errors import NicknameTaken
from reading_club.service.accounts.accounts import Account, Role

if TYPE_CHECKING:
    from reading_club.app.accounts.membership import NewMember


@click.group()
def members() -> None:
    """List and add the members of the club."""


@members.command("list")
def list_members() -> None:
    """List the members, the oldest first: role and nickname."""
    for account in asyncio.run(_accounts(read_settings())):
        click.echo(f"{account.role:<10} {account.nickname}")


@members.command()
@click.argument("nickname")
@click.option("--organiser", is_flag=True, help="As an organiser, who also invites members.")
def add(nickname: str, *, organiser: bool) -> None:
    """Add a member. The password is asked for, or is the first line of the standard input."""
    from reading_club.app.accounts.membership import NewMember

    settings = read_settings()
    try:
        new = NewMember.model_validate({"nickname": nickname, "password": _password()})
        role = Role.ORGANISER if organiser else Role.MEMBER
        account = asyncio.run(_add(settings, new, role))
    except ValidationError as exc:
        errors = field_errors(exc.errors())
        fail("; ".join(f"the {error.field} {error.detail}" for error in errors))
    except NicknameTaken as exc:
        fail(str(exc))
    click.echo(f"{account.nickname} is in the club, as {account.role}")


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


async def _accounts(settings: Settings) -> list[Account]:
    from reading_club.app.bootstrap.database import open_transaction

    async with open_transaction(settings) as transaction:
        accounts = await transaction.uow.accounts.list()
        await transaction.rollback()
    return list(accounts)


async def _add(settings: Settings, new: "NewMember", role: Role) -> Account:
    from reading_club.app.accounts.membership import add_member
    from reading_club.app.bootstrap.web import open_application_without_broker

    async with open_application_without_broker(settings) as application:
        return await add_member(application, new, role)
