"""Port of the API's tokens, with which programs act for a member."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reading_club.domain.text import TokenName
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.accounts.sessions import SignedIn


@dataclass(frozen=True)
class Token:
    """A token in the list of an account. Times are by the storage's clock."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class Tokens(Protocol):
    """The tokens of the API, valid until they are revoked."""

    @abstractmethod
    async def add(self, id: UUID, hash: SecretHash, *, account_id: UUID, name: TokenName) -> None:
        """Store a new token. Raises AccountNotFound, or IdentifierTaken."""

    @abstractmethod
    async def find(self, hash: SecretHash) -> SignedIn | None:
        """Return the account of a token, or None."""

    @abstractmethod
    async def touch(self, hash: SecretHash) -> None:
        """Write the use of a token; an unknown one changes nothing."""

    @abstractmethod
    async def list(self, account_id: UUID) -> Sequence[Token]:
        """Return the tokens of an account, the newest first."""

    @abstractmethod
    async def revoke(self, account_id: UUID, id: UUID) -> bool:
        """Delete a token of this account; return False if the account has no such token."""
