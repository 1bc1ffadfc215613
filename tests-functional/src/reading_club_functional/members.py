"""Members of a club that is under test, and the tokens that they write with."""

from collections.abc import Sequence

from lastuuid import uuid7

from reading_club.app.accounts.membership import NewMember, add_member
from reading_club.app.bootstrap.web import open_application_without_broker
from reading_club.app.settings import Settings
from reading_club.service.accounts.accounts import Role
from reading_club.service.accounts.secrets import hash_of, new_secret


async def tokens_of_members(settings: Settings, number: int) -> Sequence[str]:
    """Store members, each with a token, and return the tokens. The club stays unclaimed."""
    secrets = [new_secret() for _ in range(number)]
    async with open_application_without_broker(settings) as application:
        for secret in secrets:
            new = {"nickname": f"Reader {uuid7()}", "password": new_secret()}
            member = await add_member(application, NewMember.model_validate(new), Role.MEMBER)
            async with application.writing() as transaction:
                await transaction.uow.tokens.add(
                    uuid7(), hash_of(secret), account_id=member.id, name="a test"
                )
    return secrets
