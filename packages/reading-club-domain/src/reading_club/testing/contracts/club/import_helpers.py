"""Imports for the contracts: files, and their steps."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from reading_club.domain.messages import ImportStepDue
from reading_club.eventstream.unit_of_work import AbstractMessageStore
from reading_club.service.bus import ClubBus
from reading_club.service.imports import steps
from reading_club.service.imports.book_imports import BookImport
from reading_club.service.imports.reading import store_file
from reading_club.service.imports.steps import handle_step
from reading_club.testing.builders import an_isbn
from reading_club.testing.contracts.club.accounts_helpers import AccountFixtures

HEADER = "Title,Author,ISBN13,My Rating,My Review\n"


def a_line(title: str, *, isbn: str | None = None, rating: int = 0, review: str = "") -> str:
    """Return a row of a file of Goodreads."""
    number = an_isbn().canonical if isbn is None else isbn
    return f'{title},An Author,"=""{number}""",{rating},{review}\n'


class ImportFixtures(AccountFixtures):
    """Imports of files, in transactions that are committed. Needs the fixture ``bus``."""

    @pytest.fixture(autouse=True)
    def _bus(self, bus: ClubBus, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bus = bus
        monkeypatch.setattr(steps, "ROWS_TOGETHER", 2)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        """Yield a transaction that is committed at its end."""
        async with self.uow_factory() as transaction:
            yield transaction
            await transaction.commit()

    async def store(self, account_id: UUID, *lines: str, header: str = HEADER) -> UUID:
        """Store the rows of a file, and return the import's id."""
        return await self.store_bytes(account_id, "".join([header, *lines]).encode())

    async def store_bytes(self, account_id: UUID, content: bytes) -> UUID:
        """Store the rows of a file with this content, and return the import's id."""
        return await store_file(io.BytesIO(content), account_id, self.writing)

    async def handle(self, id: UUID, number: int) -> list[int]:
        """Handle a step, as the subscriber does, and return the numbers of the steps it recorded.

        The step is handled twice: the second time changes nothing.
        """
        recorded: list[int] = []
        for _ in "12":
            async with self.uow_factory() as transaction:
                await handle_step(
                    ImportStepDue(import_id=id, step=number), transaction.uow, self.bus
                )
                recorded += due_steps(transaction.uow.messagestore)
                await transaction.commit()
        return recorded

    async def finish(self, id: UUID) -> None:
        """Handle all steps from the first one on."""
        due = [1]
        while due:
            (number,) = due
            due = await self.handle(id, number)

    async def found(self, account_id: UUID, id: UUID) -> BookImport:
        """Return the import."""
        found: BookImport | None = await self.run(lambda uow: uow.imports.find(account_id, id))
        assert found is not None
        return found


def due_steps(store: AbstractMessageStore) -> list[int]:
    """Return the numbers of the steps that a transaction records."""
    return [each.step for each in store.stream_buffer if isinstance(each, ImportStepDue)]
