"""The report of ``reading-club status``: health, counts, lag and running processes."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from pydantic import BaseModel, computed_field

from reading_club.app.bootstrap.broker import broker_check
from reading_club.app.bootstrap.status import CountBooks, has_database, open_inspection
from reading_club.app.health import (
    Dependencies,
    Health,
    Probe,
    probe,
    probe_broker,
    result_of,
)
from reading_club.app.settings import Settings
from reading_club.eventstream.ports.statistics import Statistics, SubscriberProgress
from reading_club.service.projections import SUBSCRIBERS

T = TypeVar("T")

QUERY_TIMEOUT: Final = 5.0
"""Timeout of each query in seconds, without the time for imports."""
LATE: Final = 60.0
"""Seconds that an event may take: the visibility timeout, after which the messages of a killed
worker are redelivered, plus leases."""
EXIT_CODES: Final = {"ok": 0, "unavailable": 1, "degraded": 3}


class OutboxReport(BaseModel):
    """The events that wait to be sent."""

    pending: int
    oldest_seconds: float | None
    """Age of the oldest row that is not deferred, None without any."""


class Status(BaseModel):
    """The report of ``reading-club status``; counts are None if the database is unreadable."""

    health: Health
    books: int | None = None
    outbox: OutboxReport | None = None
    subscribers: list[SubscriberProgress] = []
    running: dict[str, int] = {}
    """Number of processes with a fresh heartbeat, by role and subscriber."""
    unread: dict[str, str] = {}
    """Reason for each count that could not be queried."""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def culprits(self) -> list[str]:
        """A sentence for each failure: of health, of a late subscriber, of a query."""
        late = [
            f"{s.name} is late: {s.lag} events behind, the oldest for {s.lag_seconds:.0f} s"
            for s in self.subscribers
            if s.lag_seconds is not None and s.lag_seconds > LATE
        ]
        # The culprits of the health include the outbox.
        unread = [f"{k}: {reason}" for k, reason in self.unread.items() if k != "outbox"]
        return [*self.health.culprits, *late, *unread]

    @property
    def exit_code(self) -> int:
        """0 for ok, 1 for unavailable, 3 for degraded."""
        return EXIT_CODES[self._state]

    @property
    def _state(self) -> str:
        return "degraded" if self.health.status == "ok" and self.culprits else self.health.status

    def lines(self) -> list[str]:
        """Return the report as text lines."""
        report = [
            f"status    {self._state}",
            f"database  {self.health.database.detail}",
            f"broker    {self.health.broker.detail}",
            f"delivery  {self.health.outbox.detail}",
        ]
        if self.running:
            report.append("running   " + ", ".join(f"{n} {k}" for k, n in self.running.items()))
        if self.books is not None:
            report.append(f"books     {self.books}")
        if self.outbox is not None:
            oldest = self.outbox.oldest_seconds
            age = "" if oldest is None else f", the oldest for {oldest:.0f} s"
            report.append(f"outbox    {self.outbox.pending} events wait{age}")
        report += [f"{s.name:9} {_progress(s)}" for s in self.subscribers]
        report += [f"{name:9} {reason}" for name, reason in self.unread.items()]
        return [*report, *(f"culprit   {sentence}" for sentence in self.culprits)]


def _progress(subscriber: SubscriberProgress) -> str:
    age = subscriber.lag_seconds
    behind = f"{subscriber.lag} behind" + ("" if age is None else f" by {age:.0f} s")
    return f"{subscriber.handled} events handled, {behind}, {subscriber.dead_letters} dead letters"


async def status_of(settings: Settings) -> Status:
    """Query database, broker, processes and subscribers; leave no new file or row behind."""
    connect = broker_check(settings)
    if not has_database(settings):
        database = Probe(ok=False, detail="there is none yet: migrate")
        health = Health(
            status="unavailable",
            database=database,
            broker=await probe_broker(connect, QUERY_TIMEOUT),
            outbox=Probe(ok=False, detail="there is no database"),
            culprits=[f"database: {database.detail}"],
        )
        return Status(health=health)
    async with open_inspection(settings, connect) as (dependencies, count_books):
        health = await probe(dependencies, QUERY_TIMEOUT)
        # The tables of a read-only database can be read.
        if health.database.ok or "read-only" in health.database.detail:
            return await _counted(dependencies, count_books, health)
        return Status(health=health)


async def _counted(dependencies: Dependencies, count_books: CountBooks, health: Health) -> Status:
    unread: dict[str, str] = {}
    statistics = dependencies.statistics
    (books, outbox, (beats, _)), subscribers = await asyncio.gather(
        asyncio.gather(
            _answer("books", count_books(), unread),
            _answer("outbox", _outbox(statistics), unread),
            result_of(dependencies.heartbeats.list(), QUERY_TIMEOUT),  # the health has its failure
        ),
        asyncio.gather(
            *(_answer(s.name, statistics.progress(s.name, s.types), unread) for s in SUBSCRIBERS)
        ),
    )
    return Status(
        health=health,
        books=books,
        outbox=outbox,
        subscribers=[progress for progress in subscribers if progress is not None],
        running=Counter(beat.process.name for beat in beats or () if beat.fresh),
        unread=unread,
    )


async def _answer(name: str, query: Coroutine[Any, Any, T], unread: dict[str, str]) -> T | None:
    """Return the result of a query; after an error put the reason into ``unread``."""
    result, failure = await result_of(query, QUERY_TIMEOUT)
    if failure:
        unread[name] = failure
    return result


async def _outbox(statistics: Statistics) -> OutboxReport:
    pending = await statistics.pending()
    backlog = await statistics.backlog()
    return OutboxReport(pending=pending, oldest_seconds=backlog.oldest_seconds)
