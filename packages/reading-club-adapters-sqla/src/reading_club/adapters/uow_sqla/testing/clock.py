"""A fixture that lets time pass in a database without a wait."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Column, ColumnElement, Interval, func, literal, update
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import orm
from reading_club.testing import contracts

INSTANTS = (
    orm.outbox.c.leased_until,
    orm.outbox.c.added_at,
    orm.inbox.c.received_at,
    orm.attempts.c.at,
    orm.resends.c.again_at,
    orm.subscriptions.c.since,
    orm.messages.c.recorded_at,
    orm.books.c.registered_at,
    orm.processes.c.beat_at,
)
"""Columns that are compared with the database's clock."""


@pytest.fixture
def pass_time(engine: AsyncEngine) -> contracts.PassTime:
    """Move all stored instants back by the given seconds, to the millisecond."""

    async def pass_(seconds: float) -> None:
        async with engine.begin() as connection:
            for column in INSTANTS:
                earlier = _earlier(engine.dialect.name, column, seconds)
                await connection.execute(update(column.table).values({column: earlier}))

    return pass_


def _earlier(dialect: str, column: Column[datetime], seconds: float) -> ColumnElement[datetime]:
    if dialect == "sqlite":
        by = f"-{seconds:.3f} seconds"
        return func.strftime("%Y-%m-%d %H:%M:%f000", column, by, type_=column.type)
    return column - literal(timedelta(seconds=seconds), Interval)
