"""The report of ``reading-club status``: health, counts, lag and running processes."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
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
from reading_club.eventstream import status as stream
from reading_club.eventstream.ports.projections import Rebuilding
from reading_club.eventstream.ports.statistics import OutsideProgress, SubscriberProgress
from reading_club.eventstream.status import OutboxStatus
from reading_club.service.subscribers import SUBSCRIBERS

T = TypeVar("T")

QUERY_TIMEOUT: Final = 5.0
"""Timeout of each query in seconds, without the time for imports."""
LATE: Final = 60.0
"""Seconds that an event may take: the visibility timeout, after which the messages of a killed
worker are redelivered, plus leases."""
EXIT_CODES: Final = {"ok": 0, "unavailable": 1, "degraded": 3}


class Status(BaseModel):
    """The report of ``reading-club status``; counts are None if the database is unreadable."""

    health: Health
    books: int | None = None
    outbox: OutboxStatus | None = None
    subscribers: list[SubscriberProgress] = []
    outside: list[OutsideProgress] = []
    """Subscribers in other programs, which report no receipts."""
    rebuilds: list[Rebuilding] = []
    """Projections that are being rebuilt, or whose rebuild was interrupted."""
    running: dict[str, int] = {}
    """Number of processes with a fresh heartbeat, by role and subscriber."""
    unread: dict[str, str] = {}
    """Reason for each count that could not be queried."""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def culprits(self) -> list[str]:
        """A sentence for each failure: of health, of a late subscriber, of a query.

        A subscriber that is paused is not late.
        """
        late = [
            f"{s.name} is late: {s.lag} events behind, the oldest for {s.lag_seconds:.0f} s"
            for s in self.subscribers
            if s.lag_seconds is not None and s.lag_seconds > LATE and s.paused_since is None
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
        report += [f"{s.name:9} {_handed_over(s)}" for s in self.outside]
        report += [f"rebuild   {_rebuilding(each)}" for each in self.rebuilds]
        report += [f"{name:9} {reason}" for name, reason in self.unread.items()]
        return [*report, *(f"culprit   {sentence}" for sentence in self.culprits)]


def _progress(subscriber: SubscriberProgress) -> str:
    age = subscriber.lag_seconds
    behind = f"{subscriber.lag} behind" + ("" if age is None else f" by {age:.0f} s")
    counts = f"{subscriber.handled} events handled, {behind}"
    since = subscriber.paused_since
    pause = "" if since is None else f", paused since {since.isoformat(timespec='seconds')}"
    return f"{counts}, {subscriber.dead_letters} dead letters{pause}"


def _rebuilding(rebuild: Rebuilding) -> str:
    since = rebuild.started_at.isoformat(timespec="seconds")
    return f"{rebuild.name} since {since}, {rebuild.share:.0%} of the history read"


def _handed_over(subscriber: OutsideProgress) -> str:
    counts = f"{subscriber.published} events published, {subscriber.waiting} wait to be sent"
    replay = ", a replay is unfinished" if subscriber.replaying else ""
    return f"outside: {counts}, {subscriber.dead_letters} dead letters{replay}"


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
        health = await probe(replace(dependencies, seconds=QUERY_TIMEOUT))
        # The tables of a read-only database can be read.
        if health.database.ok or "read-only" in health.database.detail:
            return await counted(dependencies, count_books, health)
        return Status(health=health)


async def counted(dependencies: Dependencies, count_books: CountBooks, health: Health) -> Status:
    """Return the health with all counts; one that fails or takes too long is in ``unread``."""
    unread: dict[str, str] = {}

    async def ask(name: str, query: Coroutine[Any, Any, T], /) -> T | None:
        """Return the result of a query; after an error put the reason into ``unread``."""
        result, failure = await result_of(query, QUERY_TIMEOUT)
        if failure:
            unread[name] = failure
        return result

    books, (beats, _), status = await asyncio.gather(
        ask("books", count_books()),
        result_of(dependencies.heartbeats.list(), QUERY_TIMEOUT),  # the health has its failure
        stream.status_of(dependencies.statistics, SUBSCRIBERS, ask),
    )
    return Status(
        health=health,
        books=books,
        outbox=status.outbox,
        subscribers=list(status.subscribers),
        outside=list(status.outside),
        rebuilds=list(status.rebuilds),
        running=Counter(beat.process.name for beat in beats or () if beat.fresh),
        unread=unread,
    )
