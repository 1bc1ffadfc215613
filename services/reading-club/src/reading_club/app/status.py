"""How the club is doing, for an operator."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from celery import Celery
from pydantic import BaseModel, computed_field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.eventstream import publisher_app
from reading_club.adapters.uow_sqla import SQLHeartbeats, migrations
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
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.subscriber import Subscriber

T = TypeVar("T")

LOOK: Final = 5.0
"""Seconds for each look, counted from when everything that it needs is imported."""
LATE: Final = 60.0
"""Seconds that an event may be on its way: what a worker that was killed held is handled again
after that time, with leases and visibility timeouts."""
EXIT_CODES: Final = {"ok": 0, "unavailable": 1, "degraded": 3}


class Status(BaseModel):
    """Everything that ``reading-club status`` tells; no counts without a sound database."""

    health: Health
    books: int | None = None
    outbox: OutboxGauge | None = None
    subscribers: list[SubscriberGauge] = []
    running: dict[str, int] = {}
    """How many processes of each kind have a fresh heartbeat."""
    unread: dict[str, str] = {}
    """What could not be looked at, and why."""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def culprits(self) -> list[str]:
        """What is wrong, in sentences."""
        late = [
            f"{s.name} is late: {s.lag} events behind, the oldest for {s.lag_seconds:.0f} s"
            for s in self.subscribers
            if s.lag_seconds is not None and s.lag_seconds > LATE
        ]
        # The health has told of the outbox.
        unread = [f"{k}: {reason}" for k, reason in self.unread.items() if k != "outbox"]
        return [*self.health.culprits, *late, *unread]

    @property
    def exit_code(self) -> int:
        """0 if all is well, 1 if the club cannot serve, 3 if something behind it does not work."""
        return EXIT_CODES[self._state]

    @property
    def _state(self) -> str:
        return "degraded" if self.health.status == "ok" and self.culprits else self.health.status

    def lines(self) -> list[str]:
        """Return the report for people."""
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
    """Look at database, broker, processes and subscribers. It makes no files and leaves no rows."""
    broker = _broker(settings)
    if (file := database_file(settings.resolved_database_url())) and not is_file(file):
        return await _without_database(broker)
    migrations.head()  # imports what the first look would import within its bound
    async with open_existing_engine(settings) as engine:
        health = await probe(engine, broker, SQLHeartbeats(engine).check_writable, LOOK)
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
    """Tell whether the tables can be looked at, as those of a read-only database can."""
    return health.database.ok or "read-only" in health.database.detail


async def _counted(engine: AsyncEngine, status: Status) -> Status:
    unread: dict[str, str] = {}

    async def counted(name: str, ask: Callable[[AsyncConnection], Awaitable[T]]) -> T | None:
        try:
            return await look(engine, ask, LOOK)
        except Exception as exc:  # noqa: BLE001  # whatever it is, it is the finding
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


def _gauge_of(subscriber: Subscriber) -> Callable[[AsyncConnection], Awaitable[SubscriberGauge]]:
    return lambda connection: subscriber_gauge(connection, subscriber)


async def _running(engine: AsyncEngine) -> dict[str, int]:
    """Return how many processes of each kind run; none if that cannot be told: health says so."""
    try:
        beats = await within(LOOK, SQLHeartbeats(engine).list())
    except Exception:  # noqa: BLE001  # the health has told of it
        return {}
    return dict(Counter(beat.process.name for beat in beats if beat.fresh))


def _broker(settings: Settings) -> Celery | None:
    try:
        app = publisher_app(settings.resolved_broker_url(), SUBSCRIBERS)
    except ConfigurationError:
        return None
    app.connection_for_write().get_transport_cls()  # imports the client of the broker
    return app
