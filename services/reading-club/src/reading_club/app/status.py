"""How the club is doing, for an operator."""

from celery import Celery
from pydantic import BaseModel
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.eventstream import publisher_app
from reading_club.adapters.uow_sqla import orm
from reading_club.app.addresses import ConfigurationError
from reading_club.app.composition import open_engine
from reading_club.app.probes import Health, probe
from reading_club.app.settings import Settings
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.subscriber import Subscriber


class SubscriberStatus(BaseModel):
    """What one subscriber has made of the events that it hears."""

    name: str
    published: int
    handled: int
    dead_letters: int


class Status(BaseModel):
    """Everything that ``reading-club status`` tells; no counts without a sound database."""

    health: Health
    books: int | None = None
    subscribers: list[SubscriberStatus] = []

    def lines(self) -> list[str]:
        """Return the report for people."""
        report = [
            f"status    {self.health.status}",
            f"database  {self.health.database.detail}",
            f"broker    {self.health.broker.detail}",
        ]
        if self.books is not None:
            report.append(f"books     {self.books}")
        report += [
            f"{s.name}  {s.handled} of {s.published} events handled, {s.dead_letters} dead letters"
            for s in self.subscribers
        ]
        return report


async def status_of(settings: Settings) -> Status:
    """Look at database, broker and subscribers."""
    async with open_engine(settings) as engine:
        health = await probe(engine, _broker(settings))
        if not health.database.ok:
            return Status(health=health)
        async with engine.connect() as connection:
            return Status(
                health=health,
                books=await _count(connection, select(func.count()).select_from(orm.books)),
                subscribers=[await _subscriber(connection, s) for s in SUBSCRIBERS],
            )


def _broker(settings: Settings) -> Celery | None:
    try:
        return publisher_app(settings.resolved_broker_url(), SUBSCRIBERS)
    except ConfigurationError:
        return None


async def _count(connection: AsyncConnection, query: Select[int]) -> int:
    return (await connection.execute(query)).scalar_one()


async def _subscriber(connection: AsyncConnection, subscriber: Subscriber) -> SubscriberStatus:
    heard = orm.messages.c.type.in_(subscriber.types)
    letters = orm.dead_letters.c.subscriber == subscriber.name
    handled = orm.activity.c.type.in_(subscriber.types)
    return SubscriberStatus(
        name=subscriber.name,
        published=await _count(
            connection, select(func.count()).select_from(orm.messages).where(heard)
        ),
        handled=await _count(
            connection, select(func.count()).select_from(orm.activity).where(handled)
        ),
        dead_letters=await _count(
            connection, select(func.count()).select_from(orm.dead_letters).where(letters)
        ),
    )
