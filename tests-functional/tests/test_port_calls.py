"""Fakes are the servers: the same calls on memory, SQLite and PostgreSQL have the same results."""

import asyncio
from collections.abc import Collection, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from reading_club.adapters.memory import InMemoryOutbox
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club_functional.port_calls.backends import Backend
from reading_club_functional.port_calls.in_memory import InMemoryBackend
from reading_club_functional.port_calls.machine import compare
from reading_club_functional.port_calls.sql import SQLBackend

EXAMPLES = 12
NIGHTLY = 1000


class WithoutToken(InMemoryOutbox):
    """A fake that is wrong: who holds the lease does not matter when rows are deleted."""

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:  # noqa: ARG002  # that is wrong
        """Delete the rows, whatever token they bear."""
        for key in keys:
            self.database.outbox.pop(key, None)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Runs all calls on one loop."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def backends(runner: asyncio.Runner, tmp_path: Path, database_url: str) -> Iterator[list[Backend]]:
    """Adapters in memory, on a file of SQLite, and on PostgreSQL."""
    sqlite = runner.run(SQLBackend.on("SQLite", f"sqlite:///{tmp_path / 'calls.sqlite3'}"))
    postgresql = runner.run(SQLBackend.on("PostgreSQL", database_url))
    yield [InMemoryBackend(), sqlite, postgresql]
    for backend in (sqlite, postgresql):
        runner.run(backend.close())


def test_all_adapters_do_the_same(runner: asyncio.Runner, backends: list[Backend]) -> None:
    """Any calls have equal results, and leave equal rows."""
    calls = compare(backends, runner, examples=EXAMPLES)

    print(f"{calls:,} transactions and calls on three databases were equal")


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_all_adapters_do_the_same_for_long(runner: asyncio.Runner, backends: list[Backend]) -> None:
    """The same with many more tapes."""
    calls = compare(backends, runner, examples=NIGHTLY)

    print(f"{calls:,} transactions and calls on three databases were equal")


def test_a_wrong_fake_is_found(runner: asyncio.Runner) -> None:
    """One adapter with one rule less is told from the others."""
    with pytest.raises(AssertionError, match="differ in outbox"):
        compare([InMemoryBackend(), InMemoryBackend("wrong", WithoutToken)], runner, examples=200)
