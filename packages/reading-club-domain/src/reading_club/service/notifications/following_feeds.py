"""Port of the private feeds, by which feed readers get a member's notices."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reading_club.service.accounts.secrets import SecretHash


class FollowingFeeds(Protocol):
    """The feeds, at most one an account, each read with a secret of its own.

    The secret opens nothing else.
    """

    @abstractmethod
    async def put(self, account_id: UUID, hash: SecretHash) -> None:
        """Store the feed's secret, in place of an earlier one. Raises AccountNotFound."""

    @abstractmethod
    async def created_at(self, account_id: UUID) -> datetime | None:
        """Return when the present secret was made, by the storage's clock; None without a feed."""

    @abstractmethod
    async def find(self, hash: SecretHash) -> UUID | None:
        """Return the id of the account whose feed has this secret, or None."""

    @abstractmethod
    async def revoke(self, account_id: UUID) -> bool:
        """Delete the feed of an account; return False if there is none."""
