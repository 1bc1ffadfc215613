"""Port of the sessions: who is logged in."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from reading_club.service.accounts.accounts import Account, Credentials
from reading_club.service.accounts.secrets import SecretHash

DAY: Final = 86_400.0
IDLE: Final = 14 * DAY
"""Seconds after its last use at which a session ends."""
ABSOLUTE: Final = 90 * DAY
"""Seconds after its start at which a session ends, however much it is used."""
TOUCH_AFTER: Final = 300.0
"""Seconds after which a use of a session or a token is written again: most reads write nothing."""

LABEL: Final = 200
"""The length of a session's label, in characters."""


def session_label(text: str) -> str:
    """Return a text as the label of a session: cut, with spaces for what cannot be printed."""
    return "".join(char if char.isprintable() else " " for char in text[:LABEL])


@dataclass(frozen=True)
class Session:
    """A session in the list of an account. Times are by the storage's clock."""

    hash: SecretHash
    """The hash of the session's id. It may be shown: the id cannot be found from it."""
    label: str
    """What the member recognises it by, such as the browser."""
    created_at: datetime
    last_used_at: datetime


@dataclass(frozen=True)
class SignedIn:
    """The account that a secret stands for."""

    account: Account
    idle: float
    """Seconds since the last use that was written; infinite if there was none."""

    @property
    def is_stale(self) -> bool:
        """Whether this use is to be written by ``touch``."""
        return self.idle >= TOUCH_AFTER


class Sessions(Protocol):
    """The sessions. One that is idle for ``IDLE``, or is ``ABSOLUTE`` old, has ended."""

    @abstractmethod
    async def start(self, hash: SecretHash, credentials: Credentials, *, label: str) -> bool:
        """Store a new session, unless the password was changed since the credentials were read.

        Returns False then, or if the account is gone. ``label`` is made by ``session_label``.
        """

    @abstractmethod
    async def find(self, hash: SecretHash) -> SignedIn | None:
        """Return the account of a session that has not ended, or None."""

    @abstractmethod
    async def touch(self, hash: SecretHash) -> None:
        """Write the use of a session; one that has ended stays so."""

    @abstractmethod
    async def list(self, account_id: UUID) -> Sequence[Session]:
        """Return the sessions of an account that have not ended, the one last used first."""

    @abstractmethod
    async def end(self, account_id: UUID, hash: SecretHash) -> bool:
        """End a session of this account; return False if the account has no such session."""

    @abstractmethod
    async def end_all(self, account_id: UUID, *, keep: SecretHash | None = None) -> int:
        """End all sessions of an account but ``keep``, and return their number."""
