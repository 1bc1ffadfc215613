"""Heartbeats of processes that are not started, for tests."""

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.app.heartbeat import this_process
from reading_club.service.projections import SUBSCRIBERS


async def beat_for_all(engine: AsyncEngine) -> None:
    """Write the heartbeats of a relay, and of a worker for each subscriber."""
    heartbeats = SQLHeartbeats(engine, orm.stream)
    for process in (this_process("relay"), *(this_process("worker", s.name) for s in SUBSCRIBERS)):
        await heartbeats.beat(process)
