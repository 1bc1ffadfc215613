"""The start of a process of the club while its database is unavailable."""

import asyncio

import pytest

from reading_club.app.processes.startup import when_available
from reading_club.app.settings import ConfigurationError
from reading_club.eventstream.errors import StorageUnavailable


async def test_a_wrong_setting_is_not_waited_for() -> None:
    """A refused log-in raises ConfigurationError at the first attempt."""
    refused = StorageUnavailable("the database refuses the log-in")
    refused.__cause__ = type("Refused", (Exception,), {"sqlstate": "28P01"})()

    async def log_in() -> None:
        raise refused

    with pytest.raises(ConfigurationError, match="READING_CLUB_DATABASE_URL"):
        await when_available(log_in, asyncio.Event())
