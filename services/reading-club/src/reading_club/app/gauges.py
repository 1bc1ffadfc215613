"""What the tables say about how far the events have come. Ages are by the database's clock."""

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import Executable, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.uow_sqla.clock import database_time
from reading_club.adapters.uow_sqla.orm import dead_letters, inbox, messages, outbox
from reading_club.adapters.uow_sqla.receipts import behind
from reading_club.service.outbox.port import EVERYBODY
from reading_club.service.subscriber import Subscriber

FIRST: Final = 1000
"""So many rows of the outbox, the oldest messages first, tell how it is: a look costs the same
however much waits."""


class BlockedQueue(BaseModel):
    """Events that wait for one subscriber, and why."""

    subscriber: str
    reason: str
    events: int


class Backlog(BaseModel):
    """What the first rows of the outbox say."""

    oldest_seconds: float | None = None
    """How long the oldest of them waits that nobody has deferred; None without any."""
    blocked: list[BlockedQueue] = []


class OutboxGauge(BaseModel):
    """Events that wait to be sent."""

    pending: int
    oldest_seconds: float | None
    """How long the oldest one waits, None without any."""


class SubscriberGauge(BaseModel):
    """What one subscriber has made of the events that it hears."""

    name: str
    published: int
    handled: int
    lag: int
    """Events that were published since it subscribed, and have not reached it yet."""
    lag_seconds: float | None
    """The age of the oldest one, None without any."""
    dead_letters: int


async def backlog(connection: AsyncConnection) -> Backlog:
    """Look at the first rows of the outbox."""
    rows = (await connection.execute(_first_rows(connection.dialect.name))).all()
    ages = [_age(row.oldest, row.now) for row in rows if not row.deferred]
    blocked = [
        BlockedQueue(subscriber=row.subscriber, reason=row.reason, events=row.events)
        for row in rows
        if row.subscriber != EVERYBODY and row.reason
    ]
    oldest = max((age for age in ages if age is not None), default=None)
    return Backlog(oldest_seconds=oldest, blocked=blocked)


def _first_rows(dialect: str) -> Executable:
    """Return the query for the first rows, by subscriber, reason and whether they are deferred.

    An event that is sent again is as old as its row, and one for a single subscriber waits since
    the time until which it was deferred. A row without a time is as old as its message.
    """
    now = database_time(dialect)
    known = select(messages.c.recorded_at).where(messages.c.id == outbox.c.message_id)
    added = func.coalesce(outbox.c.added_at, known.scalar_subquery())
    single = outbox.c.subscriber != EVERYBODY
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
    """Look at the outbox."""
    pending = await count(connection, select(func.count()).select_from(outbox))
    return OutboxGauge(pending=pending, oldest_seconds=(await backlog(connection)).oldest_seconds)


async def subscriber_gauge(connection: AsyncConnection, subscriber: Subscriber) -> SubscriberGauge:
    """Look at the receipts of a subscriber, and at what has none."""
    name = subscriber.name
    late = (
        await connection.execute(
            behind(name).with_only_columns(
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
    """Return the one number that the query asks for."""
    return int((await connection.execute(query)).scalar_one())


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round(max(0.0, (now - moment).total_seconds()), 1)
