"""What organisers do: each use case in one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from lastuuid import uuid7

from reading_club.app.accounts.membership import store
from reading_club.app.application import Application
from reading_club.domain.errors import AccountNotFound, InvitationNotFound, JoinRequestNotFound
from reading_club.service.accounts.accounts import Account, Role
from reading_club.service.accounts.club import CurrentSettings
from reading_club.service.accounts.invitations import Invitation, InvitationTerms
from reading_club.service.accounts.secrets import hash_of, new_secret
from reading_club.service.uow import AbstractUnitOfWork


async def invite(
    application: Application, organiser: Account, terms: InvitationTerms
) -> tuple[Invitation, str]:
    """Make an invitation; return it with its secret, which is not stored."""
    secret = new_secret()
    async with application.writing() as transaction:
        invitation = await transaction.uow.invitations.add(
            uuid7(), hash_of(secret), created_by=organiser.id, terms=terms
        )
    return invitation, secret


async def revoke(application: Application, id: UUID) -> None:
    """Revoke an invitation. Raises InvitationNotFound, also if it was revoked before."""
    async with application.writing() as transaction:
        if not await transaction.uow.invitations.revoke(id):
            raise InvitationNotFound(id)


async def account_of(uow: AbstractUnitOfWork, id: UUID) -> Account:
    """Return the account of a member. Raises AccountNotFound."""
    if (account := await uow.accounts.find(id)) is None:
        raise AccountNotFound(id)
    return account


async def change_role(application: Application, id: UUID, role: Role) -> Account:
    """Set the role of a member. Raises AccountNotFound or LastOrganiser."""
    async with application.writing() as transaction:
        await transaction.uow.accounts.change_role(id, role)
        return await account_of(transaction.uow, id)


async def remove(application: Application, id: UUID) -> None:
    """Delete the account of a member; the reviews stay. Raises AccountNotFound or LastOrganiser."""
    async with application.reading() as uow:
        account = await account_of(uow, id)
    await application.remove(account, erase=False)


async def new_password_link(
    application: Application, organiser: Account, id: UUID
) -> tuple[str, datetime]:
    """Make a link with which a member sets a new password, in place of an earlier one.

    Returns its secret, which is not stored, and when it expires. Raises AccountNotFound.
    """
    secret = new_secret()
    async with application.writing() as transaction:
        expires_at = await transaction.uow.password_links.add(
            hash_of(secret), account_id=id, created_by=organiser.id
        )
    return secret, expires_at


async def approve(application: Application, id: UUID) -> Account:
    """Make the sender of a request to join a member.

    Raises JoinRequestNotFound, or NicknameTaken: the request waits on then.
    """
    async with application.writing() as transaction:
        taken = await transaction.uow.join_requests.take(id)
        if taken is None:
            raise JoinRequestNotFound(id)
        nickname, password_hash = taken.request.nickname, taken.password_hash
        stored = await store(application, transaction, nickname, password_hash, Role.MEMBER)
        return stored.account


async def refuse(application: Application, id: UUID) -> None:
    """Delete a request to join. Raises JoinRequestNotFound."""
    async with application.writing() as transaction:
        if not await transaction.uow.join_requests.refuse(id):
            raise JoinRequestNotFound(id)


async def change_club(
    application: Application, changes: Mapping[str, Any], expected_version: int | None
) -> CurrentSettings:
    """Change settings of the club, and return all of them.

    Raises VersionMismatch, unless no version is expected.
    """
    async with application.writing() as transaction:
        current = await transaction.uow.club.get()
        settings = current.settings.model_copy(update=changes)
        version = current.version if expected_version is None else expected_version
        return await transaction.uow.club.change(settings, version)
