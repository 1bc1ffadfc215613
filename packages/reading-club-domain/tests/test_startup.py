"""The start of a process while its database is unavailable."""

import asyncio
import logging
import os
import signal

import pytest

from reading_club.eventstream.errors import StorageUnavailable, TransientFailure
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.startup import stop_on_signals, when_available

AT_ONCE = Backoff(first=0.0, cap=0.0)


class Database:
    """A database whose ``open`` raises these errors, one a call, and then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    async def open(self) -> str:
        """Raise the next error, or return ``open``."""
        if self.failures:
            raise self.failures.pop(0)
        return "open"


async def test_it_waits_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """Attempts continue until the database is available; each new reason is logged once."""
    away, read_only = (
        StorageUnavailable(f"the database is {how}") for how in ("away", "read-only")
    )
    database = Database(away, away, away, read_only, read_only)

    with caplog.at_level(logging.WARNING):
        opened = await when_available(database.open, asyncio.Event(), AT_ONCE)

    assert opened == "open"
    assert caplog.messages == [
        "waiting for the database: the database is away",
        "waiting for the database: the database is read-only",
    ]


async def test_a_permanent_failure_is_not_waited_for() -> None:
    """What ``raise_permanent`` raises ends the attempts: it sees each failure."""

    def raise_permanent(failure: TransientFailure) -> None:
        if "log-in" in str(failure):
            raise PermissionError from failure

    refused = StorageUnavailable("the database refuses the log-in")
    database = Database(StorageUnavailable("away"), refused)

    with pytest.raises(PermissionError):
        await when_available(
            database.open, asyncio.Event(), AT_ONCE, raise_permanent=raise_permanent
        )

    assert not database.failures


async def test_a_bug_is_not_waited_for() -> None:
    """An error that is no TransientFailure is raised at the first attempt."""
    with pytest.raises(KeyError):
        await when_available(Database(KeyError("bug")).open, asyncio.Event(), AT_ONCE)


async def test_it_stops_in_the_midst_of_a_pause() -> None:
    """``stopping`` ends a pause of an hour at once; the result is None."""
    stopping = asyncio.Event()
    long = Backoff(first=3600.0, cap=3600.0)
    waiting = asyncio.create_task(
        when_available(Database(StorageUnavailable("away")).open, stopping, long)
    )
    await asyncio.sleep(0)
    stopping.set()

    async with asyncio.timeout(5):
        assert await waiting is None


async def test_it_stops_in_the_midst_of_an_attempt() -> None:
    """``stopping`` cancels an attempt that hangs; the result is None."""
    stopping = asyncio.Event()
    stopping.set()

    async def hang() -> str:
        await asyncio.Event().wait()
        return "never"

    async with asyncio.timeout(5):
        assert await when_available(hang, stopping, AT_ONCE) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_a_process(number: signal.Signals) -> None:
    """SIGINT and SIGTERM set the event, in place of the process's end."""
    stopping = stop_on_signals()

    os.kill(os.getpid(), number)

    async with asyncio.timeout(5):
        await stopping.wait()
