"""Compares the adapters in memory with those on SQLite: the tapes of one seed."""

import asyncio
from typing import Final

from reading_club_functional.port_calls.in_memory import InMemoryBackend
from reading_club_functional.port_calls.log import Log
from reading_club_functional.port_calls.machine import draw_tapes
from reading_club_functional.port_calls.sql import SQLBackend

TAPES: Final = 6
"""Of each seed; the first one that Hypothesis draws does nothing but to let time pass."""


def compare_adapters(seed: int) -> tuple[Log, str]:
    """Return what was done, and in which table or result they differ; empty if they do not."""
    log = Log()
    with asyncio.Runner() as runner:
        sqlite = runner.run(SQLBackend.on("SQLite", "sqlite://"))
        try:
            draw_tapes([InMemoryBackend(), sqlite], runner, log, examples=TAPES, seed=seed)
        except AssertionError as exc:
            return log, _difference(str(exc))
        finally:
            runner.run(sqlite.close())
    return log, ""


def _difference(text: str) -> str:
    """Return ``differ in outbox``, or ``return other results`` without them."""
    words = text.splitlines()[0].partition("SQLite ")[2]
    return words.rstrip(":") if words.startswith("differ") else "return other results"
