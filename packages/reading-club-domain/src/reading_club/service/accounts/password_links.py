"""Port of the links with which members who forgot their passwords set new ones."""

from abc import abstractmethod
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.secrets import SecretHash

VALID_FOR: Final = 86_400.0
"""Seconds after which a link has expired."""


class PasswordLinks(Protocol):
    """The links, at most one an account. A change of the account's password deletes its link."""

    @abstractmethod
    async def add(self, hash: SecretHash, *, account_id: UUID, created_by: UUID) -> datetime:
        """Store a new link for an account, in place of an earlier one; return when it expires.

        ``created_by`` is the account of the organiser who makes it. Raises AccountNotFound for
        either account, or NotAnOrganiser.
        """

    @abstractmethod
    async def redeem(self, hash: SecretHash) -> Account | None:
        """Use a link up, and return its account; None if it is unknown, expired or used up.

        A rollback gives the link back.
        """
