"""How the club is doing, for an operator."""

from celery import Celery
from pydantic import BaseModel
from sqlalchemy import func, select

from reading_club.adapters.eventstream import publisher_app
from reading_club.adapters.uow_sqla.orm import books
from reading_club.app.addresses import ConfigurationError
from reading_club.app.composition import open_engine
from reading_club.app.gauges import (
    OutboxGauge,
    SubscriberGauge,
    count,
    outbox_gauge,
    subscriber_gauge,
)
from reading_club.app.probes import Health, probe
from reading_club.app.settings import Settings
from reading_club.service.projections import SUBSCRIBERS


class Status(BaseModel):
    """Everything that ``reading-club status`` tells; no counts without a sound database."""

    health: Health
    books: int | None = None
    outbox: OutboxGauge | None = None
    subscribers: list[SubscriberGauge] = []

    def lines(self) -> list[str]:
        """Return the report for people."""
        report = [
            f"status    {self.health.status}",
            f"database  {self.health.database.detail}",
            f"broker    {self.health.broker.detail}",
            f"delivery  {self.health.outbox.detail}",
        ]
        if self.books is not None:
            report.append(f"books     {self.books}")
        if self.outbox is not None:
            report.append(f"outbox    {_waiting(self.outbox)}")
        report += [f"{s.name:9} {_progress(s)}" for s in self.subscribers]
        return report


def _waiting(outbox: OutboxGauge) -> str:
    oldest = outbox.oldest_seconds
    age = "" if oldest is None else f", the oldest for {oldest:.0f} s"
    return f"{outbox.pending} events wait{age}"


def _progress(subscriber: SubscriberGauge) -> str:
    age = subscriber.lag_seconds
    behind = f"{subscriber.lag} behind" + ("" if age is None else f" by {age:.0f} s")
    return f"{subscriber.handled} events handled, {behind}, {subscriber.dead_letters} dead letters"


async def status_of(settings: Settings) -> Status:
    """Look at database, broker and subscribers."""
    async with open_engine(settings) as engine:
        health = await probe(engine, _broker(settings))
        if not health.database.ok:
            return Status(health=health)
        async with engine.connect() as connection:
            return Status(
                health=health,
                books=await count(connection, select(func.count()).select_from(books)),
                outbox=await outbox_gauge(connection),
                subscribers=[await subscriber_gauge(connection, s) for s in SUBSCRIBERS],
            )


def _broker(settings: Settings) -> Celery | None:
    try:
        return publisher_app(settings.resolved_broker_url(), SUBSCRIBERS)
    except ConfigurationError:
        return None
