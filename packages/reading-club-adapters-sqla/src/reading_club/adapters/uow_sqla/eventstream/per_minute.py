"""Numbers of published and handled events in each of the last minutes, on SQL."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Column, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.types import DatabaseTime, MinutesSince
from reading_club.eventstream.ports.statistics import PerMinute


async def per_minute(
    connection: AsyncConnection, tables: StreamTables, types: Collection[str], minutes: int
) -> PerMinute:
    """Count the rows of ``messages`` and ``inbox`` by their minute, in one query each."""
    messages, inbox = tables.messages.c, tables.inbox.c
    of_types = messages.type.in_(types)
    rows = await connection.execute(_counts(messages.recorded_at, minutes).where(of_types))
    published = {row.ago: row.events for row in rows}
    handled = defaultdict[str, dict[int, int]](dict)
    by_subscriber = _counts(inbox.received_at, minutes).add_columns(inbox.subscriber)
    for row in await connection.execute(by_subscriber.group_by(inbox.subscriber)):
        handled[row.subscriber][row.ago] = row.events
    counts = {name: _in_order(found, minutes) for name, found in handled.items()}
    return PerMinute(
        until=(await connection.execute(select(DatabaseTime()))).scalar_one(),
        published=_in_order(published, minutes),
        handled={name: numbers for name, numbers in counts.items() if any(numbers)},
    )


def _counts(time: Column[Any], minutes: int) -> Select[int, int]:
    """Return the query for the number of rows by their age in minutes.

    The oldest time is a subquery: PostgreSQL reads no index by a clock that each row reads anew.
    """
    oldest = select(DatabaseTime(-60.0 * minutes)).scalar_subquery()
    ago = MinutesSince(time).label("ago")
    return select(ago, func.count().label("events")).where(time >= oldest).group_by(ago)


def _in_order(events: dict[int, int], minutes: int) -> Sequence[int]:
    return [events.get(minute, 0) for minute in reversed(range(minutes))]
