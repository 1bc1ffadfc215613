"""Port of the imports: the rows of a member's file, and what became of each."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from reading_club.service.imports.import_rows import ImportRow, Sums

KEPT_DAYS: Final = 30
"""Days after the last change of an import, until it is deleted with its rows."""
INTERRUPTED_DAYS: Final = 1
"""The same for an import whose file was not read to its end."""
READING_SECONDS: Final = 60.0
"""An import whose file is being read, and that got no row for so long, was interrupted."""


class ImportState(StrEnum):
    """Where an import is."""

    READING = "reading"
    """Its file is being read, and rows are stored."""
    RUNNING = "running"
    """Its rows are being handled."""
    STOPPED = "stopped"
    """The member has stopped it, and may let it go on."""
    FINISHED = "finished"
    """Each row has an outcome."""


@dataclass(frozen=True)
class BookImport:
    """An import of a member. Times are by the storage's clock."""

    id: UUID
    account_id: UUID
    format: str
    """The name of the file's format, such as Goodreads."""
    columns: tuple[str, ...]
    """The header of the file."""
    state: ImportState
    created_at: datetime
    changed_at: datetime
    """When rows were stored or handled last, or the state changed."""
    sums: Sums


@dataclass(frozen=True)
class ImportStep:
    """Rows that are handled together, the last of the file first."""

    account_id: UUID
    reviewer_id: UUID
    """The member who gets the reviews."""
    columns: tuple[str, ...]
    rows: Sequence[ImportRow]
    is_last: bool
    """Whether no other row waits."""


class BookImports(Protocol):
    """The imports. Each belongs to an account, and goes with it."""

    @abstractmethod
    async def begin(
        self, id: UUID, *, account_id: UUID, format: str, columns: Sequence[str]
    ) -> None:
        """Store a new import, whose file is being read. Deletes one that was interrupted before.

        Raises ImportUnfinished, AccountNotFound, or IdentifierTaken.
        """

    @abstractmethod
    async def add_rows(self, id: UUID, rows: Sequence[ImportRow]) -> None:
        """Store rows of a file that is being read. Raises ImportInterrupted."""

    @abstractmethod
    async def give_up(self, id: UUID) -> None:
        """Delete an import whose file is being read, with its rows; another one stays."""

    @abstractmethod
    async def run(self, account_id: UUID, id: UUID, *, state: ImportState) -> int | None:
        """Let an import run that is in this state; return the number of its next step.

        None if it is in another state. Raises ImportNotFound.
        """

    @abstractmethod
    async def stop(self, account_id: UUID, id: UUID) -> None:
        """Stop an import that runs; any other stays as it is. Raises ImportNotFound."""

    @abstractmethod
    async def end(self, account_id: UUID, id: UUID) -> None:
        """Finish an import: rows that wait are skipped. Raises ImportNotFound.

        One whose file is being read is deleted.
        """

    @abstractmethod
    async def step(self, id: UUID, number: int, *, limit: int) -> ImportStep | None:
        """Return up to ``limit`` rows, if this is the next step of an import that runs, else None.

        The last rows of the file come first. Other transactions that change the import wait.
        """

    @abstractmethod
    async def record(
        self, id: UUID, rows: Sequence[ImportRow], *, number: int, is_last: bool
    ) -> None:
        """Store the outcomes of the rows of a step; ``number`` is that of the next one.

        The last step finishes the import. Raises WriteConflict if the import was changed.
        """

    @abstractmethod
    async def find(self, account_id: UUID, id: UUID) -> BookImport | None:
        """Return the import with this id of the account, or None."""

    @abstractmethod
    async def list(self, account_id: UUID) -> Sequence[BookImport]:
        """Return the imports of the account, the newest first."""

    @abstractmethod
    async def rejected(self, id: UUID, *, after: int = 0, limit: int = 500) -> Sequence[ImportRow]:
        """Return rejected rows in the order of the file, those after this line."""

    @abstractmethod
    async def prune(self) -> Mapping[str, int]:
        """Delete imports that did not change for KEPT_DAYS; return their number by table."""
