"""A fixture that lets time pass in a database without a wait."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Column, ColumnElement, Interval, func, literal, update
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.testing.contracts.eventstream import PassTime

INSTANTS = {
    "outbox": ("leased_until", "added_at"),
    "inbox": ("received_at",),
    "attempts": ("at",),
    "resends": ("again_at",),
    "failures": ("at",),
    "returned": ("at",),
    "subscriptions": ("since",),
    "messages": ("recorded_at",),
    "processes": ("beat_at",),
    "books": ("registered_at",),
    "sessions": ("created_at", "last_used_at"),
    "invitations": ("expires_at",),
    "tokens": ("last_used_at",),
    "join_requests": ("created_at",),
    "password_links": ("expires_at",),
    "imports": ("created_at", "changed_at"),
    "club_followers": ("since",),
    "book_followers": ("since",),
    "notices": ("created_at",),
    "mail_addresses": ("asked_at", "confirmed_at", "digest_at", "leased_until"),
}
"""Columns that are compared with the database's clock, by table."""


@pytest.fixture
def pass_time(engine: AsyncEngine, tables: StreamTables) -> PassTime:
    """Move all stored instants back by the given seconds, to the millisecond."""
    stored = {**tables.metadata.tables, **vars(tables)}
    instants = [
        stored[name].c[column]
        for name, columns in INSTANTS.items()
        if name in stored
        for column in columns
    ]

    async def pass_(seconds: float) -> None:
        async with engine.begin() as connection:
            for column in instants:
                earlier = _earlier(engine.dialect.name, column, seconds)
                await connection.execute(update(column.table).values({column: earlier}))

    return pass_


def _earlier(dialect: str, column: Column[datetime], seconds: float) -> ColumnElement[datetime]:
    if dialect == "sqlite":
        by = f"-{seconds:.3f} seconds"
        return func.strftime("%Y-%m-%d %H:%M:%f000", column, by, type_=column.type)
    return column - literal(timedelta(seconds=seconds), Interval)
