"""The tables of accounts, in memory."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from reading_club.domain.errors import AccountNotFound, NotAnOrganiser
from reading_club.domain.model import Reviewer
from reading_club.service.accounts.accounts import Account, Role
from reading_club.service.accounts.club import CurrentSettings
from reading_club.service.accounts.invitations import Invitation
from reading_club.service.accounts.join_requests import TakenRequest
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.accounts.sessions import Session
from reading_club.service.accounts.tokens import Token
from reading_club.service.imports.book_imports import ImportState
from reading_club.service.imports.import_rows import ImportRow
from reading_club.service.imports.own_books import OwnBook


@dataclass(frozen=True)
class AccountRow:
    """A row of ``accounts``."""

    id: UUID
    reviewer_id: UUID
    role: Role
    created_at: datetime
    password_hash: str = field(repr=False)


@dataclass(frozen=True)
class PasswordLinkRow:
    """A row of ``password_links``, whose key is the account."""

    hash: SecretHash
    created_by: UUID
    expires_at: datetime


@dataclass(frozen=True)
class ImportTableRow:
    """A row of ``imports``."""

    account_id: UUID
    format: str
    columns: tuple[str, ...]
    state: ImportState
    step: int
    created_at: datetime
    changed_at: datetime


class AccountTables:
    """The tables that ports of accounts read and write: mappings from key to row.

    Sessions and tokens have their account's id beside them, invitations their hash.
    """

    reviewers: MutableMapping[UUID, Reviewer]

    def __init__(self) -> None:
        self.accounts: MutableMapping[UUID, AccountRow] = {}
        self.sessions: MutableMapping[SecretHash, tuple[UUID, Session]] = {}
        self.invitations: MutableMapping[UUID, tuple[SecretHash, Invitation]] = {}
        self.tokens: MutableMapping[UUID, tuple[UUID, SecretHash, Token]] = {}
        self.welcome_links: MutableMapping[int, SecretHash] = {}
        self.join_requests: MutableMapping[UUID, TakenRequest] = {}
        self.password_links: MutableMapping[UUID, PasswordLinkRow] = {}
        self.imports: MutableMapping[UUID, ImportTableRow] = {}
        self.import_rows: MutableMapping[tuple[UUID, int], ImportRow] = {}
        self.own_books: MutableMapping[tuple[UUID, UUID], OwnBook] = {}
        self.club_settings: MutableMapping[int, CurrentSettings] = {}

    def account(self, id: UUID) -> Account | None:
        """Return the account of a row with its nickname, or None."""
        if (row := self.accounts.get(id)) is None:
            return None
        nickname = self.reviewers[row.reviewer_id].nickname
        return Account(row.id, row.reviewer_id, nickname, row.role, row.created_at)

    def require_organiser(self, id: UUID) -> None:
        """Raise AccountNotFound or NotAnOrganiser unless this is an organiser's account."""
        if (row := self.accounts.get(id)) is None:
            raise AccountNotFound(id)
        if row.role is not Role.ORGANISER:
            raise NotAnOrganiser(id)

    def organisers(self) -> int:
        """Count the organisers."""
        return sum(row.role is Role.ORGANISER for row in self.accounts.values())

    def delete_import(self, id: UUID) -> None:
        """Delete an import with its rows."""
        del self.imports[id]
        for key in [key for key in self.import_rows if key[0] == id]:
            del self.import_rows[key]
