"""How people become members and log in: each use case in one transaction, passwords outside of it.

Passwords are hashed before a transaction begins, so that none waits for a hash.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from lastuuid import uuid7
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError

from reading_club.app.application import Application, ClubTransaction
from reading_club.domain.errors import LinkNotValid, NotAllowed, WrongCredentials
from reading_club.domain.messages import CreateReviewer
from reading_club.domain.text import Nickname, nickname_key
from reading_club.service.accounts.accounts import Account, Credentials, Role
from reading_club.service.accounts.secrets import SecretHash, hash_of, new_secret
from reading_club.service.uow import AbstractUnitOfWork

SHORTEST, LONGEST = 8, 200
"""Characters of a password: what is longer costs time to hash."""


def not_the_nickname(password: SecretStr, info: ValidationInfo) -> SecretStr:
    """Refuse the nickname as the password."""
    nickname = info.data.get("nickname")
    if nickname and nickname_key(nickname) == nickname_key(password.get_secret_value()):
        raise PydanticCustomError("nickname_as_password", "must not be the nickname")
    return password


Password = Annotated[SecretStr, Field(min_length=SHORTEST, max_length=LONGEST)]
"""A new password, of 8 to 200 characters."""


class NewMember(BaseModel):
    """The nickname and the password that a new member chooses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nickname: Nickname
    password: Annotated[Password, AfterValidator(not_the_nickname)]


Redeem = Callable[[AbstractUnitOfWork], Awaitable[bool]]
"""Uses up a link in a transaction; False if the link does not let anybody in."""


async def claim(
    application: Application, welcome: str, new: NewMember, label: str
) -> tuple[Account, str]:
    """Make the holder of the welcome link the organiser; return the account and a session's id.

    Raises LinkNotValid or NicknameTaken: the link is not used up then.
    """
    return await _admit(
        application,
        lambda uow: uow.welcome_link.redeem(hash_of(welcome)),
        new,
        Role.ORGANISER,
        label,
    )


async def join(
    application: Application, invitation: str, new: NewMember, label: str
) -> tuple[Account, str]:
    """Make the holder of an invitation a member; return the account and a session's id.

    Raises LinkNotValid or NicknameTaken: the invitation is not used up then.
    """
    return await _admit(
        application,
        lambda uow: uow.invitations.redeem(hash_of(invitation)),
        new,
        Role.MEMBER,
        label,
    )


async def _admit(
    application: Application, redeem: Redeem, new: NewMember, role: Role, label: str
) -> tuple[Account, str]:
    """Redeem the link and store the member in one transaction.

    A link that does not let anybody in is refused before the password is hashed: guesses cost
    little.
    """
    async with application.unit_of_work() as transaction:
        is_valid = await redeem(transaction.uow)
        await transaction.rollback()
    if not is_valid:
        raise LinkNotValid
    password_hash = await application.passwords.hash(new.password.get_secret_value())
    async with application.writing() as transaction:
        if not await redeem(transaction.uow):
            raise LinkNotValid
        credentials = await store(application, transaction, new.nickname, password_hash, role)
        return credentials.account, await start_session(transaction.uow, credentials, label)


async def ask_to_join(application: Application, new: NewMember) -> UUID:
    """Store a request to join, for an organiser to answer, and return its id.

    Raises NotAllowed if the club takes none, NicknameTaken, AlreadyAsked or TooManyJoinRequests.
    """
    if not (await application.read_club()).may_ask_to_join:
        raise NotAllowed("this club takes new members by invitation only")
    password_hash = await application.passwords.hash(new.password.get_secret_value())
    id_ = uuid7()
    async with application.writing() as transaction:
        await transaction.uow.join_requests.add(
            id_, nickname=new.nickname, password_hash=password_hash
        )
    return id_


async def new_welcome_link(application: Application) -> str | None:
    """Return the secret of a new welcome link, which ends the old one; None on a claimed club."""
    secret = new_secret()
    async with application.writing() as transaction:
        if await transaction.uow.accounts.is_claimed():
            return None
        await transaction.uow.welcome_link.put(hash_of(secret))
    return secret


async def add_member(application: Application, new: NewMember, role: Role) -> Account:
    """Store a member without a link. Raises NicknameTaken."""
    password_hash = await application.passwords.hash(new.password.get_secret_value())
    async with application.writing() as transaction:
        stored = await store(application, transaction, new.nickname, password_hash, role)
        return stored.account


async def store(
    application: Application,
    transaction: ClubTransaction,
    nickname: str,
    password_hash: str,
    role: Role,
) -> Credentials:
    """Store a reviewer with an account in the transaction. Raises NicknameTaken."""
    uow = transaction.uow
    reviewer = await application.handle_in(transaction, CreateReviewer(nickname=nickname))
    await uow.accounts.add(uuid7(), reviewer_id=reviewer.id, role=role, password_hash=password_hash)
    credentials = await uow.accounts.credentials(nickname)
    if credentials is None:
        raise AssertionError("the account was stored in this transaction")
    return credentials


async def log_in(
    application: Application,
    nickname: str,
    password: str,
    label: str,
    previous: SecretHash | None = None,
) -> tuple[Account, str]:
    """Start a session; return the account and the session's id. The previous session ends.

    Raises WrongCredentials, after the same work whether or not there is such a member.
    """
    async with application.reading() as uow:
        credentials = await uow.accounts.credentials(nickname)
    stored = None if credentials is None else credentials.password_hash
    if not await application.passwords.verify(password, stored) or credentials is None:
        raise WrongCredentials
    async with application.writing() as transaction:
        if previous is not None:
            await transaction.uow.sessions.end(credentials.account.id, previous)
        return credentials.account, await start_session(transaction.uow, credentials, label)


async def start_session(uow: AbstractUnitOfWork, credentials: Credentials, label: str) -> str:
    """Start a session and return its id. Raises WrongCredentials if the password was changed."""
    secret = new_secret()
    if not await uow.sessions.start(hash_of(secret), credentials, label=label):
        raise WrongCredentials
    return secret
