"""Port of the addresses to which members have their notices sent."""

from abc import abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from reading_club.service.accounts.secrets import SecretHash

DAY: Final = 86_400.0
LINK_VALID: Final = 7 * DAY
"""Seconds after which a link to confirm an address has expired, and the address is deleted."""
MOST_REFUSALS: Final = 5
"""Refusals of an address by mail servers, after which nothing more is sent to it."""


class AddressState(StrEnum):
    """Whether digests are sent to an address."""

    UNCONFIRMED = "unconfirmed"
    """Its link was not opened yet: nothing but the link is sent."""
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    """Mail servers refused it ``MOST_REFUSALS`` times."""


@dataclass(frozen=True)
class MailAddress:
    """The address of an account."""

    address: str = field(repr=False)
    state: AddressState


class MailAddresses(Protocol):
    """The addresses, at most one an account. They are deleted with it, and leave no history."""

    @abstractmethod
    async def put(self, account_id: UUID, address: str, *, unsubscribe: str) -> None:
        """Store an address, in place of an earlier one; a link to confirm it is to be sent.

        The confirmed address again stays as it is. ``unsubscribe`` is the secret of the link that
        ends it, which each digest has. Raises AccountNotFound.
        """

    @abstractmethod
    async def find(self, account_id: UUID) -> MailAddress | None:
        """Return the address of an account, or None."""

    @abstractmethod
    async def remove(self, account_id: UUID) -> bool:
        """Delete the address of an account; return False if there is none."""

    @abstractmethod
    async def confirm(self, hash: SecretHash) -> bool:
        """Confirm the address of this link; again, it changes nothing.

        Returns False if the link is unknown, has expired, or a later one was sent.
        """

    @abstractmethod
    async def unsubscribe(self, secret: str) -> bool:
        """Delete the address of this secret; return False if it is unknown."""

    @abstractmethod
    async def prune(self) -> int:
        """Delete addresses whose links have expired, and return their number."""
