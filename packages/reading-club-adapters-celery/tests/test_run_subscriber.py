"""Running the worker of a subscriber, of an application that knows no club."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from messagebus import AsyncSinkholeEventstreamTransport

from reading_club.adapters.eventstream import WorkerOptions, run_subscriber
from reading_club.adapters.eventstream.testing import LISTENERS, ParcelSent
from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.adapters.memory.stream_unit_of_work import InMemoryStreamUnitOfWork
from reading_club.eventstream.errors import StorageUnavailable, TransientFailure
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

APPLICATION = Path(__file__).with_name("orders_application.py")
AT_ONCE = Backoff(first=0.001, cap=0.001)


@pytest.mark.parametrize("options", [[], ["--open"]], ids=["factory", "opened, away at first"])
def test_an_application_of_its_own_handles_its_events(options: list[str]) -> None:
    """Its worker is subscribed, handles what was published before, and stops by a signal.

    With ``--open`` the first attempt to open the database fails, and the worker waits for it.
    """
    # In a process of its own: Celery's worker handles the signals of the process for good.
    done = subprocess.run(
        [sys.executable, str(APPLICATION), *options],
        timeout=60,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    subscriptions = [["shipping", "order_placed_v1"]]
    assert json.loads(done.stdout.splitlines()[-1]) == [0, subscriptions, ["cups", "spoons", "tea"]]
    assert "ready" in done.stderr
    assert ("the database is away" in done.stderr) == bool(options)


class AwayDatabase:
    """A database that is unavailable; ``opened`` counts the attempts to open it."""

    def __init__(self) -> None:
        self.attempts = 0
        self.is_away = True
        transport, tables = AsyncSinkholeEventstreamTransport(), InMemoryStreamDatabase()
        self.make_uow = partial(InMemoryStreamUnitOfWork, transport, tables)
        self.at_second: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Callable[[], StreamUnitOfWork]]:
        """Count the attempt and raise StorageUnavailable; at the second one, do ``at_second``."""
        self.attempts += 1
        if self.attempts == 2:
            self.at_second()
        if self.is_away:
            raise StorageUnavailable("wrong password")
        yield self.make_uow


def run(database: AwayDatabase, **options: Any) -> int:
    """Run a worker whose database is away."""
    return run_subscriber(
        LISTENERS[0],
        database.opened,
        "memory://",
        events=[ParcelSent],
        options=WorkerOptions(backoff=AT_ONCE, **options),
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_a_database(number: signal.Signals) -> None:
    """A worker that waits for its database is stopped as one that works is."""
    database = AwayDatabase()
    database.at_second = lambda: os.kill(os.getpid(), number)

    assert run(database) == 0

    assert database.attempts >= 2


def test_a_failure_that_no_retry_mends_is_not_waited_for() -> None:
    """What ``raise_permanent`` raises ends the worker."""

    def refuse(failure: TransientFailure) -> None:
        raise PermissionError(str(failure))

    database = AwayDatabase()

    with pytest.raises(PermissionError, match="wrong password"):
        run(database, raise_permanent=refuse)
    assert database.attempts == 1
