"""The generations of projections, and their rebuilds, on SQL."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    and_,
    delete,
    false,
    func,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.uow_sqla.eventstream.history import envelope_of
from reading_club.adapters.uow_sqla.eventstream.projection_tables import PROJECTION, REBUILT
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import in_values, insert_new_many
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.errors import RebuildEnded, RebuildRefused
from reading_club.eventstream.ports.projections import Rebuilding, StoredEvent
from reading_club.eventstream.projections import refusal, require_no_gap


class SQLProjections:
    """Generations, in the table ``projections``."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.tables = session.tables

    async def begin(self, name: str, types: Collection[str]) -> bool:
        """Count the generations on. Raises RebuildRefused."""
        projections = self.tables.projections
        await insert_new_many(self.session, projections, [{"name": name}])
        row = await self._locked(name)
        if row is not None and row.building is not None:
            return False
        if reason := await self._refusal(name, types):
            raise RebuildRefused(reason)
        number = projections.c.newest + 1
        begun = {"newest": number, "building": number, "started_at": DatabaseTime()}
        await self._set(name, **begun, position=None, until=None)
        return True

    async def remaining(self, name: str, types: Collection[str]) -> int | None:
        """Count the events that are left."""
        projections = self.tables.projections
        found = await self.session.read(select(projections).where(projections.c.name == name))
        row = found.one_or_none()
        if row is None or row.building is None:
            return None
        left = select(func.count()).select_from(self.tables.messages).where(self._left(row, types))
        return int((await self.session.read(left)).scalar_one())

    async def step(self, name: str, types: Collection[str], *, limit: int) -> Sequence[StoredEvent]:
        """Return the next events, under the lock of the projection's row.

        The first step stores the end of the history. It has to see all that was committed before
        the rebuild was: of these, no other transaction has written the new generation.
        """
        row, messages = await self._locked(name), self.tables.messages
        if row is None or row.building is None:
            raise RebuildEnded(f"there is no rebuild of {name} any more")
        if row.until is None:
            last = select(func.coalesce(func.max(messages.c.position), 0)).scalar_subquery()
            row = await self._set(name, position=0, until=last)
        self.session.rebuilding[name] = row.building
        query = select(messages).where(self._left(row, types)).order_by(messages.c.position)
        found = (await self.session.read(query.limit(limit))).all()
        # After the messages, as PostgreSQL may show a deletion that was committed in between.
        require_no_gap(name, types, await self._deleted())
        return [StoredEvent(each.position, envelope_of(each)) for each in found]

    async def reached(self, name: str, position: int) -> None:
        """Update the position."""
        await self._set(name, position=position)

    async def switch(self, name: str) -> bool:
        """Make the building generation the live one, by one UPDATE."""
        return await self._end(name, live=self.tables.projections.c.building)

    async def cancel(self, name: str) -> bool:
        """Forget the building generation."""
        return await self._end(name)

    async def delete_old(self, name: str, *, limit: int) -> int:
        """Delete rows of other generations, by one DELETE a table."""
        row, deleted = await self._locked(name), 0
        if row is None:
            return 0
        used = [number for number in (row.live, row.building) if number is not None]
        for table in _tables_of(self.tables, name):
            second: Table = table.info[REBUILT]
            is_old = false() if 0 in used else true()
            for each, old in ((table, is_old), (second, second.c.generation.not_in(used))):
                keys = each.primary_key.columns
                some = select(*keys).where(old).limit(limit)
                gone = await self.session.write(delete(each).where(tuple_(*keys).in_(some)))
                deleted += gone.rowcount
        return deleted

    async def record_deletion(self, types: Collection[str]) -> None:
        """Insert rows for the types that have none."""
        rows = [{"type": type_} for type_ in sorted(types)]
        await insert_new_many(self.session, self.tables.history_deletions, rows)

    async def _refusal(self, name: str, types: Collection[str]) -> str | None:
        subscriptions = self.tables.subscriptions
        mine = select(subscriptions.c.type).where(subscriptions.c.subscriber == name)
        subscribed = (await self.session.read(mine)).scalars().all()
        deleted = await self._deleted()
        has_tables = bool(list(_tables_of(self.tables, name)))
        return refusal(name, types, subscribed, deleted, has_tables=has_tables)

    async def _deleted(self) -> Sequence[str]:
        types = select(self.tables.history_deletions.c.type)
        return (await self.session.read(types)).scalars().all()

    async def _locked(self, name: str) -> Row[Any] | None:
        """Return the projection's row, for which other steps and redactions wait."""
        projections = self.tables.projections
        # An UPDATE conflicts with the lock of the table that a redaction takes, unlike FOR UPDATE.
        unchanged = update(projections).where(projections.c.name == name)
        rows = await self.session.write(
            unchanged.values(live=projections.c.live).returning(projections)
        )
        return rows.one_or_none()

    async def _set(self, name: str, **values: Any) -> Row[Any]:
        projections = self.tables.projections
        changed = update(projections).where(projections.c.name == name).values(values)
        return (await self.session.write(changed.returning(projections))).one()

    async def _end(self, name: str, **values: Any) -> bool:
        projections = self.tables.projections
        mine = and_(projections.c.name == name, projections.c.building.is_not(None))
        ended = update(projections).where(mine).values(**values, building=None)
        return (await self.session.write(ended)).rowcount == 1

    def _left(self, row: Row[Any], types: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that an event is still to be read."""
        messages = self.tables.messages.c
        return and_(
            messages.position > (row.position or 0),
            true() if row.until is None else messages.position <= row.until,
            in_values(self.session, messages.type, sorted(types)),
        )


def _tables_of(tables: StreamTables, name: str) -> Iterator[Table]:
    """Yield the tables with generations of a projection."""
    for table in tables.metadata.sorted_tables:
        if table.info.get(PROJECTION) == name:
            yield table


async def rebuilds(connection: AsyncConnection, tables: StreamTables) -> Sequence[Rebuilding]:
    """Select the unfinished rebuilds, by name."""
    projections = tables.projections.c
    unfinished = select(tables.projections).where(projections.building.is_not(None))
    rows = await connection.execute(unfinished.order_by(projections.name))
    return [
        Rebuilding(row.name, row.started_at, (row.position or 0) / row.until if row.until else 0.0)
        for row in rows
    ]
