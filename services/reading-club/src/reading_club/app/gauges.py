"""What the tables say about how far the events have come."""

from datetime import UTC, datetime

from pydantic import BaseModel
from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.uow_sqla.orm import dead_letters, inbox, messages, outbox, subscriptions
from reading_club.service.subscriber import Subscriber


class OutboxGauge(BaseModel):
    """Events that wait to be sent."""

    pending: int
    oldest_seconds: float | None
    """The age of the oldest one, None without any."""


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


async def oldest_age(connection: AsyncConnection) -> float | None:
    """Return the age in seconds of the oldest event in the outbox, found by its index."""
    oldest = select(outbox.c.message_id).order_by(outbox.c.message_id).limit(1)
    query = select(messages.c.created_at).where(messages.c.id == oldest.scalar_subquery())
    return _age((await connection.execute(query)).scalar_one_or_none())


async def outbox_gauge(connection: AsyncConnection) -> OutboxGauge:
    """Look at the outbox."""
    pending = await count(connection, select(func.count()).select_from(outbox))
    return OutboxGauge(pending=pending, oldest_seconds=await oldest_age(connection))


async def subscriber_gauge(connection: AsyncConnection, subscriber: Subscriber) -> SubscriberGauge:
    """Look at the receipts of a subscriber, and at what has none."""
    name = subscriber.name
    heard = messages.c.type.in_(subscriber.types)
    behind = (
        await connection.execute(
            select(func.count(), func.min(messages.c.created_at))
            .select_from(messages)
            .join(subscriptions, subscriptions.c.type == messages.c.type)
            .where(
                subscriptions.c.subscriber == name,
                messages.c.created_at >= subscriptions.c.since,
                ~exists().where(inbox.c.message_id == messages.c.id, inbox.c.subscriber == name),
                ~exists().where(
                    dead_letters.c.message_id == messages.c.id, dead_letters.c.subscriber == name
                ),
            )
        )
    ).one()
    published = select(func.count()).select_from(messages).where(heard)
    handled = select(func.count()).select_from(inbox).where(inbox.c.subscriber == name)
    letters = (
        select(func.count()).select_from(dead_letters).where(dead_letters.c.subscriber == name)
    )
    return SubscriberGauge(
        name=name,
        published=await count(connection, published),
        handled=await count(connection, handled),
        lag=behind[0],
        lag_seconds=_age(behind[1]),
        dead_letters=await count(connection, letters),
    )


async def count(connection: AsyncConnection, query: Select[int]) -> int:
    """Return the one number that the query asks for."""
    return (await connection.execute(query)).scalar_one()


def _age(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return round(max(0.0, (datetime.now(UTC) - moment).total_seconds()), 1)
