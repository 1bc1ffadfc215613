"""Builds the rows of a projection anew from the history, while the club is served."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic
from uuid import UUID

from reading_club.eventstream.errors import (
    EventNotRebuilt,
    RebuildEnded,
    RebuildRefused,
    TransientFailure,
    WriteConflict,
)
from reading_club.eventstream.ports.dead_letters import RELAY, DeadLetterFilter
from reading_club.eventstream.ports.projections import StoredEvent
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory
from reading_club.eventstream.wire import EventRegistry, TEvent

STEP: Final = 200
"""Events that are handled in one transaction, for which other writers of a SQLite file wait."""
DELETED: Final = 2000
"""Rows of each table that are deleted in one transaction."""
PAUSE: Final = 0.01
"""Seconds between two transactions, in which other writers get their turn."""


@dataclass
class Rebuild(Generic[TEvent]):
    """The rebuild of a projection, by its subscriber's own handlers.

    It can be killed at any time, and another one goes on from there: each step stores its position
    with its rows. Two at once share the steps.
    """

    make_uow: UnitOfWorkFactory
    subscriber: Subscriber[TEvent, Any]
    events: EventRegistry[TEvent]
    leave_out: bool = False
    """Leave out every event that cannot be handled, not only dead letters of the subscriber."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    left_out: list[str] = field(default_factory=list)
    """The ids of the events that could not be handled, with the reason."""

    async def begin(self) -> int:
        """Begin, or go on with an unfinished rebuild; return the number of events to read.

        Raises RebuildRefused.
        """
        name, types = self.subscriber.name, self.subscriber.types
        async with self.make_uow() as transaction:
            await transaction.uow.projections.begin(name, types)
            await transaction.commit()
        async with self.make_uow() as transaction:
            left = await transaction.uow.projections.remaining(name, types)
            await transaction.rollback()
        return left or 0

    async def run(self, on_step: Callable[[int], None] = lambda _: None) -> bool:
        """Read the history to its end, and make the new rows the live ones.

        ``on_step`` gets the number of events of each step. Returns False if the rebuild was
        cancelled, or finished elsewhere. Raises EventNotRebuilt for an event that fails, unless it
        is left out, RebuildRefused if a handler records messages or messages were deleted from the
        history meanwhile, and TransientFailure; another call goes on from there.
        """
        limit = STEP
        try:
            while read := await self._next(limit):
                # A step with an event that fails is made again in smaller ones, to find it.
                limit = min(STEP, 2 * limit) if read.handled else max(1, limit // 10)
                on_step(read.handled)
                await self.sleep(PAUSE)
        except RebuildEnded:
            return False
        return True

    async def delete_old(self) -> int:
        """Delete the rows that are out of use, also what a rebuild before has left; how many."""
        deleted, last = 0, 1
        while last:
            async with self.make_uow() as transaction:
                projections = transaction.uow.projections
                last = await projections.delete_old(self.subscriber.name, limit=DELETED)
                await transaction.commit()
            deleted += last
            await self.sleep(PAUSE)
        return deleted

    async def cancel(self) -> bool:
        """End the rebuild without a switch, and delete its rows; False if there is none."""
        async with self.make_uow() as transaction:
            cancelled = await transaction.uow.projections.cancel(self.subscriber.name)
            await transaction.commit()
        await self.delete_old()
        return cancelled

    async def _next(self, limit: int) -> "_Step | None":
        """Make a step; None after the last one. Nothing is handled if an event fails."""
        step = _Step()
        try:
            await self._handle(step, limit)
        except WriteConflict:
            return _Step()
        except (TransientFailure, RebuildEnded, RebuildRefused):
            raise
        except Exception as exc:
            if not step.events:
                raise
            return await self._leave_out(step, exc) if len(step.events) == 1 else _Step()
        return step if step.events else None

    async def _handle(self, step: "_Step", limit: int) -> None:
        """Handle the next events, and store the position, in one transaction.

        The step that finds no event makes the switch: until its end no other process can end the
        rebuild and begin another one, whose rows would be shown before they are complete.
        """
        name, types = self.subscriber.name, self.subscriber.types
        async with self.make_uow() as transaction:
            uow = transaction.uow
            step.events = await uow.projections.step(name, types, limit=limit)
            for stored in step.events:
                await self.subscriber.handle(self.events.decode(stored.envelope), uow)
            if uow.messagestore.contexts:
                raise RebuildRefused(f"a handler of {name} records messages: they would be sent")
            if step.events:
                await uow.projections.reached(name, step.events[-1].position)
            else:
                await uow.projections.switch(name)
            await transaction.commit()
        step.handled = len(step.events)

    async def _leave_out(self, step: "_Step", error: Exception) -> "_Step":
        """Go on after an event that fails. Raises EventNotRebuilt if the live rows may have it."""
        name, types, (failed,) = self.subscriber.name, self.subscriber.types, step.events
        async with self.make_uow() as transaction:
            uow, id_ = transaction.uow, str(failed.envelope["id"])
            if list(await uow.projections.step(name, types, limit=1)) != [failed]:
                await transaction.rollback()  # another process has gone on
                return _Step()
            if not self.leave_out and not await _is_dead_letter(uow, name, UUID(id_)):
                raise EventNotRebuilt(id_, type(error).__name__) from error
            await uow.projections.reached(name, failed.position)
            await transaction.commit()
        self.left_out.append(id_)
        return _Step(handled=1)


@dataclass
class _Step:
    """The events of one transaction; ``handled`` is 0 if one of them fails."""

    events: Sequence[StoredEvent] = ()
    handled: int = 0


async def _is_dead_letter(uow: StreamUnitOfWork, subscriber: str, message_id: UUID) -> bool:
    """Whether the subscriber, or the relay, has given up the event."""
    for name in (subscriber, RELAY):
        if await uow.dead_letters.page(
            DeadLetterFilter(subscriber=name, message_id=message_id), limit=1
        ):
            return True
    return False
