"""WAL: bytes that PostgreSQL writes for a command, its event and the event's two effects."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any, Final
from unittest.mock import patch

from messagebus import AsyncSinkholeEventstreamTransport

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.inbox import SQLInbox
from reading_club.app.accounts.passwords import Passwords
from reading_club.app.bootstrap.database import background_unit_of_work
from reading_club.app.bootstrap.web import build_application
from reading_club.app.testing import FastHasher
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.inbox.attempt_policy import AttemptPolicy
from reading_club.eventstream.inbox.processor import InboxProcessor
from reading_club.eventstream.ports.inbox import ATTEMPTS
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.projections import SUBSCRIBERS as PROJECTIONS
from reading_club_functional import queues
from reading_club_functional.bench.checks import (
    NotOnce,
    assert_effects,
    assert_received,
    assert_sent_once,
    assert_stored,
)
from reading_club_functional.bench.comparison import Comparison
from reading_club_functional.bench.environment import Environment
from reading_club_functional.bench.measures.commands import Opened, application, register
from reading_club_functional.bench.open_loop import Handle
from reading_club_functional.cluster import ClubCluster

COMMANDS: Final = 5_000
BATCH: Final = 100
"""Events of a transaction, as in a worker with a full queue; the same on both sides."""
SETTING: Final = "SELECT current_setting('full_page_writes')"
POSITION: Final = "SELECT pg_current_wal_lsn() - '0/0'"
EVENTS_STORED: Final = """
SELECT id::text, created_at, type, payload::text FROM messages
WHERE type = 'book_registered_v1' ORDER BY position"""

POLICY: Final = AttemptPolicy(ATTEMPTS, 1.0, monotonic)
Without = Callable[[], AbstractContextManager[object]]


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the bytes of an event, compared with those without rows of outbox and inbox."""
    number = environment.size(COMMANDS)
    yield Comparison(
        name="wal_per_event",
        unit="bytes",
        ours=partial(bytes_per_event, environment, number, application, nullcontext),
        peer=partial(bytes_per_event, environment, number, without_outbox, without_inbox),
        peer_name="no outbox, no inbox (both with full_page_writes)",
        goal=None,
        at_most=True,
        rounds=1,
        warm_up=False,
    )


def bytes_per_event(
    environment: Environment, number: int, opened: Callable[[ClubCluster], Opened], inbox: Without
) -> float:
    """Return the bytes of WAL of a command, divided among `number` of them after a checkpoint.

    They are those of the command's transaction, of the deletion from the outbox, and of the event's
    effects in both read models of books. The effects come in this process, in transactions of a
    hundred events. Pages are written whole when they first change after the checkpoint.
    """
    with environment.club() as club:
        queues.declare(environment.rabbitmq.url)
        if club.database.rows(SETTING) != [("on",)]:
            raise NotOnce("full_page_writes is not on")
        environment.postgresql.psql("CHECKPOINT")
        begin = _position(club)
        commands, _ = asyncio.run(register(opened(club), number))
        with inbox():
            asyncio.run(take_effect(club))
        written = _position(club) - begin
        assert_stored(club.database, commands)
        assert_effects(club.database)
        if opened is application:
            assert_sent_once(club)
            assert_received(club.database)
    return written / len(commands)


@asynccontextmanager
async def without_outbox(club: ClubCluster) -> AsyncIterator[Handle]:
    """Yield the application's handler; events are stored, with no row in the outbox."""
    engine, passwords = create_engine(club.settings["database_url"]), Passwords(FastHasher())
    broker = publisher_app("memory://")
    try:
        transport = AsyncSinkholeEventstreamTransport()
        yield build_application(engine, transport, broker, passwords).handle
    finally:
        passwords.close()
        await engine.dispose()


def without_inbox() -> AbstractContextManager[object]:
    """Return a block in which each event passes for a new one, with no row in the inbox."""

    async def insert_nothing(_inbox: SQLInbox, keys: Sequence[Any]) -> Sequence[Any]:
        return keys

    return patch.object(SQLInbox, "insert_new_many", insert_nothing)


async def take_effect(club: ClubCluster) -> None:
    """Process all stored events for both read models of books, as their workers do."""
    events = [
        {"id": id_, "created_at": created_at.isoformat(), "type": type_, "payload": payload}
        for id_, created_at, type_, payload in await asyncio.to_thread(
            club.database.rows, EVENTS_STORED
        )
    ]
    engine = create_engine(club.settings["database_url"])
    clock, registry = partial(datetime.now, UTC), EventRegistry[Any](EVENTS)
    try:
        for subscriber in PROJECTIONS:
            processor = InboxProcessor(subscriber, registry, POLICY, clock)
            for start in range(0, len(events), BATCH):
                batch = events[start : start + BATCH]
                await processor.process_batch(batch, partial(background_unit_of_work, engine))
    finally:
        await engine.dispose()


def _position(club: ClubCluster) -> int:
    """Return the bytes of WAL that the server has written so far."""
    return int(club.database.rows(POSITION)[0][0])
