"""Statistics of outbox and subscribers. Ages are in seconds by the database's clock."""

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import Executable, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.subscriptions import behind
from reading_club.adapters.uow_sqla.orm import dead_letters, inbox, messages, outbox
from reading_club.adapters.uow_sqla.types import database_time
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS
from reading_club.eventstream.subscriber import Subscriber

FIRST: Final = 1000
"""Maximum of outbox rows, by ascending message id, that ``backlog`` reads: this bounds its cost."""


class BlockedQueue(BaseModel):
    """Events in the outbox whose queue refuses them, for one subscriber and reason."""

    subscriber: str
    reason: str
    events: int


class Backlog(BaseModel):
    """Statistics of the first rows of the outbox."""

    oldest_seconds: float | None = None
    """Age of the oldest row that is not deferred; None without any."""
    blocked: list[BlockedQueue] = []


class OutboxGauge(BaseModel):
    """Statistics of the outbox: events that wait to be sent."""

    pending: int
    oldest_seconds: float | None
    """Age of the oldest row that is not deferred, None without any."""


class SubscriberGauge(BaseModel):
    """Progress of one subscriber: its published, handled, missing and dead-lettered events."""

    name: str
    published: int
    handled: int
    lag: int
    """Events published since the subscription, without an inbox row or a dead letter."""
    lag_seconds: float | None
    """Age of the oldest event in ``lag``, None without any."""
    dead_letters: int


async def backlog(connection: AsyncConnection) -> Backlog:
    """Query the statistics of the first rows of the outbox."""
    rows = (await connection.execute(_first_rows(connection.dialect.name))).all()
    ages = [_age(row.oldest, row.now) for row in rows if not row.deferred]
    blocked = [
        BlockedQueue(subscriber=row.subscriber, reason=row.reason, events=row.events)
        for row in rows
        if row.subscriber != ALL_SUBSCRIBERS and row.reason
    ]
    oldest = max((age for age in ages if age is not None), default=None)
    return Backlog(oldest_seconds=oldest, blocked=blocked)


def _first_rows(dialect: str) -> Executable:
    """Return the query for the first rows, by subscriber, reason and whether they are deferred.

    A row for all subscribers waits since ``added_at``, or since its message was recorded if
    ``added_at`` is NULL. A row for one subscriber waits since the end of its deferral.
    """
    now = database_time(dialect)
    known = select(messages.c.recorded_at).where(messages.c.id == outbox.c.message_id)
    added = func.coalesce(outbox.c.added_at, known.scalar_subquery())
    single = outbox.c.subscriber != ALL_SUBSCRIBERS
    first = (
        select(
            outbox.c.subscriber,
            outbox.c.reason,
            and_(single, outbox.c.leased_until > now).label("deferred"),
            case((single, outbox.c.leased_until), else_=added).label("since"),
        )
        .order_by(outbox.c.message_id, outbox.c.subscriber)
        .limit(FIRST)
        .subquery()
    )
    groups = (first.c.subscriber, first.c.reason, first.c.deferred)
    events, oldest = func.count().label("events"), func.min(first.c.since).label("oldest")
    return select(*groups, events, oldest, now.label("now")).group_by(*groups)


async def outbox_gauge(connection: AsyncConnection) -> OutboxGauge:
    """Count the rows of the outbox, and find the age of the oldest."""
    pending = await count(connection, select(func.count()).select_from(outbox))
    return OutboxGauge(pending=pending, oldest_seconds=(await backlog(connection)).oldest_seconds)


async def subscriber_gauge(
    connection: AsyncConnection, subscriber: Subscriber[Any]
) -> SubscriberGauge:
    """Count the published, handled, missing and dead-lettered events of a subscriber."""
    name = subscriber.name
    late = (
        await connection.execute(
            behind(orm.stream, name).with_only_columns(
                func.count().label("events"),
                func.min(messages.c.recorded_at).label("oldest"),
                database_time(connection.dialect.name).label("now"),
                maintain_column_froms=True,
            )
        )
    ).one()
    published = select(func.count()).where(messages.c.type.in_(subscriber.types))
    handled = select(func.count()).where(inbox.c.subscriber == name)
    letters = select(func.count()).where(dead_letters.c.subscriber == name)
    return SubscriberGauge(
        name=name,
        published=await count(connection, published),
        handled=await count(connection, handled),
        lag=late.events,
        lag_seconds=_age(late.oldest, late.now),
        dead_letters=await count(connection, letters),
    )


async def count(connection: AsyncConnection, query: Select[Any]) -> int:
    """Return the single number that the query selects."""
    return int((await connection.execute(query)).scalar_one())


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round(max(0.0, (now - moment).total_seconds()), 1)
