"""The query for the states of many subscribers."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import CompoundSelect, Select, func, literal, select, union_all

from reading_club.adapters.uow_sqla.eventstream.subscriptions import behind
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.types import DatabaseTime


def states_of(
    tables: StreamTables, subscribers: Collection[str], horizon: float
) -> CompoundSelect[Any]:
    """Return one query for the lag, dead letters and pause of each subscriber, a row for each."""
    return union_all(*(_state_of(tables, name, horizon) for name in subscribers))


def _state_of(tables: StreamTables, subscriber: str, horizon: float) -> Select[*tuple[Any, ...]]:
    letters, pauses = tables.dead_letters.c, tables.pauses.c
    dead = select(func.count()).where(letters.subscriber == subscriber)
    paused = select(pauses.since).where(pauses.subscriber == subscriber)
    columns: list[Any] = [
        literal(subscriber).label("name"),
        func.count().label("events"),
        func.min(tables.messages.c.recorded_at).label("oldest"),
        DatabaseTime().label("now"),
        dead.scalar_subquery().label("dead_letters"),
        paused.scalar_subquery().label("paused_since"),
    ]
    query = behind(tables, subscriber, horizon)
    return query.with_only_columns(*columns, maintain_column_froms=True)
