"""Port of the mail that is to be sent: links to confirm an address, and digests of notices."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.notifications.notices import Notice

LEASE: Final = 300.0
"""Seconds for which mail belongs to the process that took it: more than sending it takes."""
PAUSE: Final = 3_600.0
"""Seconds until mail to an address is tried again that a server has refused."""


@dataclass(frozen=True)
class ConfirmationMail:
    """A link to confirm an address is to be sent to it."""

    account_id: UUID
    address: str = field(repr=False)
    hash: SecretHash = field(repr=False)
    """The hash of the link's secret, which the taker has made."""


@dataclass(frozen=True)
class DigestMail:
    """Notices are to be sent to an address."""

    account_id: UUID
    address: str = field(repr=False)
    id: UUID
    """The same each time that this digest is taken, with the same notices."""
    unsubscribe: str = field(repr=False)
    """The secret of the link that ends the mail."""


Outgoing = ConfirmationMail | DigestMail


class OutgoingMail(Protocol):
    """The mail that is due. One process takes it, also of two at once, until its lease ends.

    A digest has the notices since its address was confirmed that no digest has. Which they are is
    stored when it is taken first: a process that takes it again, as the one before died, sends the
    same. One that was sent is not taken again.
    """

    @abstractmethod
    async def is_due(self, every: float) -> bool:
        """Whether there is mail to take, ``every`` being that of ``take``."""

    @abstractmethod
    async def take(self, *, id: UUID, hash: SecretHash, every: float) -> Outgoing | None:
        """Take one piece of mail for ``LEASE`` seconds; None if none is due.

        ``id`` becomes that of a digest that is taken first, ``hash`` that of a link to confirm an
        address, whose earlier link ends. The digest of an account is due ``every`` seconds after
        the last one was sent, or after the address was confirmed, if there is a notice.
        """

    @abstractmethod
    async def notices(self, digest: DigestMail) -> Sequence[Notice]:
        """Return the notices of a digest that was taken, that of the lowest event id first.

        Without those of books and reviews that are withdrawn.
        """

    @abstractmethod
    async def sent(self, mail: Outgoing) -> None:
        """Note that a server has taken the mail: it is not sent again.

        Changes nothing if the address was replaced or removed meanwhile.
        """

    @abstractmethod
    async def refused(self, mail: Outgoing) -> None:
        """Note that a server refused the address for good; it is tried again after ``PAUSE``."""
