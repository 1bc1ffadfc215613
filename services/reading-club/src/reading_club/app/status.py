"""The report of ``reading-club status``: health, counts, lag and running processes."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from celery import Celery
from pydantic import BaseModel, computed_field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.adapters.uow_sqla.orm import books
from reading_club.app.addresses import ConfigurationError
from reading_club.app.bounded import finding, look, within
from reading_club.app.composition import open_existing_engine
from reading_club.app.gauges import (
    OutboxGauge,
    SubscriberGauge,
    count,
    outbox_gauge,
    subscriber_gauge,
)
from reading_club.app.private_files import database_file, is_file
from reading_club.app.probes import Health, Probe, probe, probe_broker
from reading_club.app.settings import Settings
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import SUBSCRIBERS

T = TypeVar("T")

LOOK: Final = 5.0
"""Timeout of each query in seconds, without the time for imports."""
LATE: Final = 60.0
"""Seconds that an event may take: the visibility timeout, after which the messages of a killed
worker are redelivered, plus leases."""
EXIT_CODES: Final = {"ok": 0, "unavailable": 1, "degraded": 3}


class Status(BaseModel):
    """The report of ``reading-club status``; counts are None if the database is unreadable."""

    health: Health
    books: int | None = None
    outbox: OutboxGauge | None = None
    subscribers: list[SubscriberGauge] = []
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
            report.append(f"outbox    {_waiting(self.outbox)}")
        report += [f"{s.name:9} {_progress(s)}" for s in self.subscribers]
        report += [f"{name:9} {reason}" for name, reason in self.unread.items()]
        return [*report, *(f"culprit   {sentence}" for sentence in self.culprits)]


def _waiting(outbox: OutboxGauge) -> str:
    oldest = outbox.oldest_seconds
    age = "" if oldest is None else f", the oldest for {oldest:.0f} s"
    return f"{outbox.pending} events wait{age}"


def _progress(subscriber: SubscriberGauge) -> str:
    age = subscriber.lag_seconds
    behind = f"{subscriber.lag} behind" + ("" if age is None else f" by {age:.0f} s")
    return f"{subscriber.handled} events handled, {behind}, {subscriber.dead_letters} dead letters"


async def status_of(settings: Settings) -> Status:
    """Query database, broker, processes and subscribers; leave no new file or row behind."""
    broker = _broker(settings)
    if (file := database_file(settings.resolved_database_url())) and not is_file(file):
        return await _without_database(broker)
    migrations.head()  # imports Alembic before the first timeout starts
    async with open_existing_engine(settings) as engine:
        health = await probe(engine, broker, SQLHeartbeats(engine, orm.stream).check_writable, LOOK)
        status = Status(health=health)
        return await _counted(engine, status) if _is_readable(health) else status


async def _without_database(broker: Celery | None) -> Status:
    none = Probe(ok=False, detail="there is none yet: migrate")
    stream = await probe_broker(broker, LOOK)
    outbox = Probe(ok=False, detail="there is no database")
    culprits = [f"database: {none.detail}"]
    return Status(
        health=Health(
            status="unavailable", database=none, broker=stream, outbox=outbox, culprits=culprits
        )
    )


def _is_readable(health: Health) -> bool:
    """Return whether the tables can be read, as those of a read-only database can."""
    return health.database.ok or "read-only" in health.database.detail


async def _counted(engine: AsyncEngine, status: Status) -> Status:
    unread: dict[str, str] = {}

    async def counted(name: str, ask: Callable[[AsyncConnection], Awaitable[T]]) -> T | None:
        try:
            return await look(engine, ask, LOOK)
        except Exception as exc:  # noqa: BLE001  # any error is the result of the check
            unread[name] = finding(exc)
            return None

    (shelf, outbox, running), subscribers = await asyncio.gather(
        asyncio.gather(counted("books", _books), counted("outbox", outbox_gauge), _running(engine)),
        asyncio.gather(*(counted(s.name, _gauge_of(s)) for s in SUBSCRIBERS)),
    )
    return Status(
        health=status.health,
        books=shelf,
        outbox=outbox,
        subscribers=[gauge for gauge in subscribers if gauge is not None],
        running=running,
        unread=unread,
    )


async def _books(connection: AsyncConnection) -> int:
    return await count(connection, select(func.count()).select_from(books))


def _gauge_of(
    subscriber: Subscriber[Any],
) -> Callable[[AsyncConnection], Awaitable[SubscriberGauge]]:
    return lambda connection: subscriber_gauge(connection, subscriber)


async def _running(engine: AsyncEngine) -> dict[str, int]:
    """Count the running processes by name; empty if the query fails, which the health reports."""
    try:
        beats = await within(LOOK, SQLHeartbeats(engine, orm.stream).list())
    except Exception:  # noqa: BLE001  # the health reports it
        return {}
    return dict(Counter(beat.process.name for beat in beats if beat.fresh))


def _broker(settings: Settings) -> Celery | None:
    try:
        app = publisher_app(settings.resolved_broker_url(), SUBSCRIBERS)
    except ConfigurationError:
        return None
    app.connection_for_write().get_transport_cls()  # imports the client of the broker
    return app
