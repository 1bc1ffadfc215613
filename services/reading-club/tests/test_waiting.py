"""A process that starts while its database is away."""

import asyncio
import logging

import pytest

from reading_club.app.addresses import ConfigurationError
from reading_club.app.waiting import when_available
from reading_club.service.backoff import Backoff
from reading_club.service.errors import StorageUnavailable

AT_ONCE = Backoff(first=0.0, cap=0.0)


class Database:
    """A database that is away for these reasons, one after the other, and then there."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    async def open(self) -> str:
        """Return that it is open."""
        if self.failures:
            raise self.failures.pop(0)
        return "open"


async def test_it_waits_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """The log has a line for each reason, not for each attempt."""
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


async def test_a_wrong_setting_is_not_waited_for() -> None:
    """It does not pass by itself."""
    refused = StorageUnavailable("the database refuses the log-in")
    refused.__cause__ = type("Refused", (Exception,), {"sqlstate": "28P01"})()

    with pytest.raises(ConfigurationError, match="READING_CLUB_DATABASE_URL"):
        await when_available(Database(refused).open, asyncio.Event(), AT_ONCE)


async def test_a_bug_is_not_waited_for() -> None:
    """It is not the database's."""
    with pytest.raises(KeyError):
        await when_available(Database(KeyError("bug")).open, asyncio.Event(), AT_ONCE)


async def test_it_stops_in_the_midst_of_a_pause() -> None:
    """However long the pause is."""
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
    """A database that does not answer holds up no end."""
    stopping = asyncio.Event()
    stopping.set()

    async def hang() -> str:
        await asyncio.Event().wait()
        return "never"

    async with asyncio.timeout(5):
        assert await when_available(hang, stopping, AT_ONCE) is None
