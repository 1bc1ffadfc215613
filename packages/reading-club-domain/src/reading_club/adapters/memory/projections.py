"""The generations of projections, and their rebuilds, in memory."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from messagebus.service.eventstream import MessageSerializer

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.generations import rows_of
from reading_club.adapters.memory.rows import Projection, Span
from reading_club.eventstream.errors import RebuildEnded, RebuildRefused, WriteConflict
from reading_club.eventstream.ports.projections import Rebuilding, StoredEvent
from reading_club.eventstream.projections import refusal, require_no_gap
from reading_club.eventstream.wire import wire_type


class InMemoryProjections:
    """Generations, whose rebuilds count messages in their order."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction
        self._read: Sequence[StoredEvent] = ()

    async def begin(self, name: str, types: Collection[str]) -> bool:
        """Count the generations on. Raises RebuildRefused."""
        tables, now = self.transaction.tables, self.transaction.now
        if self._find(name).building is not None:
            return False
        subscribed = {type_ for who, type_ in tables.subscriptions if who == name}
        has_tables = bool(tables.generational.get(name))
        if reason := refusal(name, types, subscribed, tables.deleted_types, has_tables=has_tables):
            raise RebuildRefused(reason)

        def change(tables: InMemoryStreamDatabase) -> None:
            known = tables.projections.get(name, Projection())
            if known.building is None:
                number = known.newest + 1
                begun = replace(known, newest=number, building=number, started_at=now, span=None)
                tables.projections[name] = begun

        self.transaction.write(change)
        return True

    async def remaining(self, name: str, types: Collection[str]) -> int | None:
        """Count the events that are left."""
        row = self._find(name)
        return None if row.building is None else sum(1 for _ in self._left(row.span, types))

    async def step(self, name: str, types: Collection[str], *, limit: int) -> Sequence[StoredEvent]:
        """Return the next events. The commit raises WriteConflict if they were changed meanwhile.

        The first step sets the end of the span: what is stored later is written by others.
        """
        row = self._find(name)
        if row.building is None:
            raise RebuildEnded(f"there is no rebuild of {name} any more")
        span = row.span or Span(0, len(self.transaction.tables.messages))
        begun = replace(row, span=span)
        require_no_gap(name, types, self.transaction.tables.deleted_types)
        self.transaction.rebuilding[name] = row.building
        self._read = list(islice(self._left(span, types), limit))

        def change(tables: InMemoryStreamDatabase) -> None:
            stored = [_stored(number, message) for number, message in _numbered(tables)]
            same = {each.position: each for each in stored}
            if tables.projections[name] not in {row, begun} or any(
                same[each.position] != each for each in self._read
            ):
                raise WriteConflict(f"the rebuild of {name} or the history was changed meanwhile")
            tables.projections[name] = begun

        self.transaction.write(change)
        return self._read

    async def reached(self, name: str, position: int) -> None:
        """Move the span."""

        def change(tables: InMemoryStreamDatabase) -> None:
            row = tables.projections[name]
            if row.span is not None:
                span = Span(position, row.span.until)
                tables.projections[name] = replace(row, span=span)

        self.transaction.write(change)

    async def switch(self, name: str) -> bool:
        """Make the building generation the live one."""
        building = self._find(name).building
        return self._end(name, live=building)

    async def cancel(self, name: str) -> bool:
        """Forget the building generation."""
        return self._end(name, live=self._find(name).live)

    def _end(self, name: str, live: int | None) -> bool:
        building = self._find(name).building
        if building is None or live is None:
            return False

        def change(tables: InMemoryStreamDatabase) -> None:
            row = tables.projections[name]
            if row.building != building:
                raise WriteConflict(f"the rebuild of {name} was ended meanwhile")
            tables.projections[name] = replace(row, live=live, building=None, span=None)

        self.transaction.write(change)
        return True

    async def delete_old(self, name: str, *, limit: int) -> int:
        """Delete rows of other generations."""
        row, tables = self._find(name), self.transaction.tables
        used = {row.live, row.building}
        mine = tables.generational.get(name, ())
        old = [key for key in tables.rebuilt if key[0] in mine and key[1] not in used]
        if 0 not in used:
            old += [(table, 0, key) for table in mine for key in rows_of(tables, table, 0)]

        def delete(tables: InMemoryStreamDatabase) -> None:
            for table, number, key in old[:limit]:
                rows_of(tables, table, number).pop(key, None)

        self.transaction.write(delete)
        return len(old[:limit])

    async def record_deletion(self, types: Collection[str]) -> None:
        """Mark the types."""
        self.transaction.write(
            lambda tables: tables.deleted_types.update(dict.fromkeys(types, True))
        )

    def _find(self, name: str) -> Projection:
        found: Projection = self.transaction.tables.projections.get(name, Projection())
        return found

    def _left(self, span: Span | None, types: Collection[str]) -> Iterator[StoredEvent]:
        """Yield the events that are still to be read, the oldest first."""
        tables = self.transaction.tables
        after, until = span or Span(0, len(tables.messages))
        for number, message in _numbered(tables):
            if after < number <= until and wire_type(message) in types:
                yield _stored(number, message)


def _numbered(tables: InMemoryStreamDatabase) -> Iterator[tuple[int, Any]]:
    return enumerate(tables.messages.values(), 1)


def _stored(number: int, message: Any) -> StoredEvent:
    return StoredEvent(number, MessageSerializer().serialize_message(message))


def rebuilds(tables: InMemoryStreamDatabase) -> Sequence[Rebuilding]:
    """Return the unfinished rebuilds, by name."""
    return [
        Rebuilding(name, row.started_at, _share(row.span))
        for name, row in sorted(tables.projections.items())
        if row.building is not None and row.started_at is not None
    ]


def _share(span: Span | None) -> float:
    return span.after / span.until if span and span.until else 0.0
