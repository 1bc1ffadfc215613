"""Compares the adapters in memory with those on SQLite, as far as that takes seconds."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from reading_club_functional.port_calls.in_memory import InMemoryBackend
from reading_club_functional.port_calls.machine import compare
from reading_club_functional.port_calls.sql import SQLBackend

EXAMPLES: Final = 60


def adapters_differ() -> str:
    """Return in which table or result they differ; empty if they do not."""
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        url = f"sqlite:///{Path(folder) / 'calls.sqlite3'}"
        sqlite = runner.run(SQLBackend.on("SQLite", url))
        try:
            compare([InMemoryBackend(), sqlite], runner, examples=EXAMPLES)
        except AssertionError as exc:
            return _difference(str(exc))
        finally:
            runner.run(sqlite.close())
    return ""


def _difference(text: str) -> str:
    """Return ``differ in outbox``, or ``return …`` without the results."""
    words = text.splitlines()[0].partition("SQLite ")[2]
    return words if words.startswith("differ") else "other results"
