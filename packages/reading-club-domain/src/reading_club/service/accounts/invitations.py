"""Ports of the links that let people in: invitations, and the welcome link of a new club."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from reading_club.service.accounts.secrets import SecretHash

MOST_DAYS: Final = 365
MOST_USES: Final = 200


class InvitationTerms(BaseModel):
    """How long and how often an invitation can be used."""

    model_config = ConfigDict(frozen=True)

    days: int = Field(default=7, ge=1, le=MOST_DAYS)
    uses: int = Field(default=1, ge=1, le=MOST_USES)


@dataclass(frozen=True)
class Invitation:
    """An invitation that has not expired. Times are by the storage's clock."""

    id: UUID
    created_by: UUID
    """The account of the organiser who made it."""
    created_at: datetime
    expires_at: datetime
    uses_left: int
    revoked_at: datetime | None


class Invitations(Protocol):
    """The invitations. Each use is given once, whatever is redeemed at the same time."""

    @abstractmethod
    async def add(
        self, id: UUID, hash: SecretHash, *, created_by: UUID, terms: InvitationTerms
    ) -> Invitation:
        """Store a new invitation. Raises AccountNotFound, NotAnOrganiser or IdentifierTaken."""

    @abstractmethod
    async def redeem(self, hash: SecretHash) -> bool:
        """Take one use; return False if it is unknown, expired, revoked or used up.

        The use is given back if the transaction is rolled back.
        """

    @abstractmethod
    async def list(self) -> Sequence[Invitation]:
        """Return the invitations that have not expired, the newest first."""

    @abstractmethod
    async def revoke(self, id: UUID) -> bool:
        """Revoke an invitation; return False if it is unknown or was revoked before."""


class WelcomeLink(Protocol):
    """The link that makes its holder the organiser of a club that has none."""

    @abstractmethod
    async def put(self, hash: SecretHash) -> None:
        """Store the welcome link, in place of an earlier one."""

    @abstractmethod
    async def redeem(self, hash: SecretHash) -> bool:
        """Use the link up; return False if it is not the present one, or there is an organiser.

        To be called before the organiser's account is added. A rollback gives the link back. An
        organiser who is added otherwise at the same time comes first, and ends the link, or comes
        second, as if added a moment later.
        """
