"""Port of the accounts: who can log in, and as what."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from reading_club.service.accounts.secrets import SecretHash


class Role(StrEnum):
    """What a member may do: an organiser also invites members, and changes their roles."""

    ORGANISER = "organiser"
    MEMBER = "member"


@dataclass(frozen=True)
class Account:
    """A member who can log in."""

    id: UUID
    reviewer_id: UUID
    nickname: str
    role: Role
    created_at: datetime
    """By the storage's clock."""


@dataclass(frozen=True)
class Credentials:
    """An account with the hash of its password, to be compared at log-in."""

    account: Account
    password_hash: str = field(repr=False)


class Accounts(Protocol):
    """The accounts. A club with an organiser always has one."""

    @abstractmethod
    async def add(self, id: UUID, *, reviewer_id: UUID, role: Role, password_hash: str) -> None:
        """Store a new account of a reviewer. An organiser's account ends the welcome link.

        Raises ReviewerNotFound, AccountExists if the reviewer has one, or IdentifierTaken.
        """

    @abstractmethod
    async def find(self, id: UUID) -> Account | None:
        """Return the account with this id, or None."""

    @abstractmethod
    async def credentials(self, nickname: str) -> Credentials | None:
        """Return the account of the nickname with its password's hash, or None.

        Nicknames that look the same are the same.
        """

    @abstractmethod
    async def list(self) -> Sequence[Account]:
        """Return all accounts, the oldest first."""

    @abstractmethod
    async def is_claimed(self) -> bool:
        """Whether the club has an organiser."""

    @abstractmethod
    async def change_role(self, id: UUID, role: Role) -> None:
        """Set the role of an account; its present role changes nothing.

        An organiser who becomes a member loses the links: invitations are revoked, and password
        links that the account made are deleted.

        Raises AccountNotFound, or LastOrganiser if no organiser would be left.
        """

    @abstractmethod
    async def change_password(
        self, id: UUID, password_hash: str, *, keep: SecretHash | None = None
    ) -> None:
        """Store the hash of a new password, and end the account's sessions but ``keep``.

        Deletes the password link for the account. Raises AccountNotFound.
        """

    @abstractmethod
    async def remove(self, id: UUID) -> None:
        """Delete an account, with its sessions, links and tokens; its reviewer stays.

        Raises AccountNotFound, or LastOrganiser if no organiser would be left.
        """

    @abstractmethod
    async def prune(self) -> Mapping[str, int]:
        """Delete expired sessions, links and requests to join; return their numbers by table."""
