"""Heartbeats of processes that are not started, for tests."""

from reading_club.app.heartbeat import this_process
from reading_club.eventstream.ports.heartbeats import Heartbeats
from reading_club.service.subscribers import SUBSCRIBERS


async def beat_for_all(heartbeats: Heartbeats) -> None:
    """Write the heartbeats of a relay, and of a worker for each subscriber."""
    for process in (this_process("relay"), *(this_process("worker", s.name) for s in SUBSCRIBERS)):
        await heartbeats.beat(process)
