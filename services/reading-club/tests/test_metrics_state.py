"""The metrics that the relay reads from the database."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from reading_club.app.metrics.process import ProcessMetrics
from reading_club.app.metrics.state import CACHED, StreamStateCollector
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.statistics import (
    Backlog,
    BlockedQueue,
    StreamState,
    SubscriberState,
)

STATE = StreamState(
    Backlog(12.5, [BlockedQueue("catalogue", "full", 2), BlockedQueue("catalogue", "other", 1)]),
    [
        SubscriberState("activity", 3, 40.0, 1, None),
        SubscriberState("catalogue", 0, None, 0, datetime(2026, 1, 1, tzinfo=UTC)),
        SubscriberState(RELAY, 0, None, 4, None),
    ],
)
LINES = """
stream_readable 1.0
outbox_oldest_seconds 12.5
outbox_blocked_events{subscriber="catalogue"} 3.0
outbox_blocked_events{subscriber="activity"} 0.0
subscriber_lag_events{subscriber="activity"} 3.0
subscriber_lag_seconds{subscriber="activity"} 40.0
subscriber_lag_seconds{subscriber="catalogue"} 0.0
subscriber_dead_letters{subscriber="activity"} 1.0
subscriber_dead_letters{subscriber="relay"} 4.0
subscriber_paused{subscriber="activity"} 0.0
subscriber_paused{subscriber="catalogue"} 1.0
"""


class Database:
    """A database on a loop in a thread, whose answer can be delayed; counts how often it is read.

    ``now`` is the collector's clock; a read takes ``takes`` seconds of it.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.reads, self.now, self.takes = 0, 0.0, 0.0
        self.error: Exception | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()

    async def read(self) -> StreamState:
        """Return the state, once it may."""
        self.reads += 1
        self.now += self.takes
        await asyncio.to_thread(self.may_answer.wait, 10)
        if self.error is not None:
            raise self.error
        return STATE


@pytest.fixture
def database() -> Iterator[Database]:
    """A database that answers at once."""
    database = Database()
    thread = threading.Thread(target=database.loop.run_forever, daemon=True)
    thread.start()
    yield database
    database.may_answer.set()
    database.loop.call_soon_threadsafe(database.loop.stop)
    thread.join()
    database.loop.run_until_complete(database.loop.shutdown_default_executor())
    database.loop.close()


@pytest.fixture
def metrics(database: Database) -> Iterator[ProcessMetrics]:
    """The metrics of a relay."""
    metrics = ProcessMetrics("relay")
    collector = StreamStateCollector(database.read, database.loop, lambda: database.now)
    with metrics.exporting(collector):
        yield metrics
    assert b"stream_readable" not in metrics.as_text()


def test_a_scrape_reads_the_state(metrics: ProcessMetrics, database: Database) -> None:
    """Ages of nothing are 0, and a paused subscriber is 1. Registering has read nothing."""
    assert database.reads == 0

    lines = metrics.as_text().decode().splitlines()

    assert {f"reading_club_{line}" for line in LINES.split("\n") if line} < set(lines)
    assert [line for line in lines if 'subscriber="relay"' in line] == [
        'reading_club_subscriber_dead_letters{subscriber="relay"} 4.0'
    ]
    assert database.reads == 1


def test_an_answer_is_repeated(metrics: ProcessMetrics, database: Database) -> None:
    """The database is read again after 15 s."""
    for seconds, reads in ((0.0, 1), (CACHED - 0.25, 1), (0.25, 2)):
        database.now += seconds
        metrics.as_text()
        assert database.reads == reads


def test_a_slow_answer_is_repeated_for_longer(metrics: ProcessMetrics, database: Database) -> None:
    """For twenty times as long as it took, so that large tables are not read all the time."""
    database.takes = 3.0
    metrics.as_text()

    for seconds, reads in ((59.0, 1), (1.0, 2)):
        database.now += seconds
        metrics.as_text()
        assert database.reads == reads


def test_concurrent_scrapes_read_once(metrics: ProcessMetrics, database: Database) -> None:
    """The others wait for the answer of the first."""
    database.may_answer.clear()
    with ThreadPoolExecutor(4) as pool:
        scrapes = [pool.submit(metrics.as_text) for _ in range(4)]
        database.may_answer.set()
        texts = [scrape.result() for scrape in scrapes]

    assert database.reads == 1
    assert all(b"outbox_oldest_seconds 12.5" in text for text in texts)


def test_without_the_database_the_state_is_left_out(
    metrics: ProcessMetrics, database: Database
) -> None:
    """It is told as not readable, and asked once in 15 s; the other metrics are served."""
    database.error = StorageUnavailable("away")

    texts = [metrics.as_text().decode() for _ in range(3)]

    assert database.reads == 1
    assert all("reading_club_stream_readable 0.0\n" in text for text in texts)
    assert all("outbox_oldest_seconds" not in text for text in texts)
    assert all("reading_club_process_info{" in text for text in texts)


def test_a_database_that_hangs_holds_up_no_scrape(database: Database) -> None:
    """After the timeout the state is left out."""
    metrics = ProcessMetrics("relay")
    database.may_answer.clear()
    collector = StreamStateCollector(database.read, database.loop, timeout=0.01)

    with metrics.exporting(collector):
        assert b"reading_club_stream_readable 0.0\n" in metrics.as_text()
