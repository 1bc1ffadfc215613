"""The life of one event is found by indexes on PostgreSQL, in a long history."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.eventstream.ports.event_lives import EventLives, MessageFilter

ID = "lpad(to_hex({}), 32, '0')::uuid"
LONG_AGO = "now() - interval '100 days' + n * interval '80 seconds'"
FILL = [
    f"""INSERT INTO messages (id, created_at, type, metadata, payload, recorded_at)
    SELECT {ID.format("n")}, {LONG_AGO}, 'type_' || n % 5,
    json_build_object('published', true, 'correlation_id', {ID.format("n / 3")},
    'causation_id', {ID.format("n - 1")}), '{{}}', {LONG_AGO} FROM generate_series(1, 100000) n""",
    *(
        f"""INSERT INTO inbox SELECT '{name}', id, recorded_at FROM messages"""  # constants
        for name in ("activity", "catalogue")
    ),
    """INSERT INTO failures (subscriber, message_id, number, at, error)
    SELECT 'catalogue', id, 1, recorded_at, 'KeyError' FROM messages WHERE position % 3 = 0""",
    """INSERT INTO subscriptions (subscriber, type, since)
    SELECT name, 'type_' || n, now() FROM generate_series(0, 4) n,
    unnest(ARRAY['activity', 'catalogue']) AS name""",
]
ONE, CORRELATION = UUID(int=90_001), UUID(int=30_000)
LARGE = ("messages", "inbox", "failures")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a history of a hundred days."""
    engine = create_engine(database_url)
    await migrations.upgrade(engine)
    async with engine.begin() as connection:
        for statement in FILL:
            await connection.execute(text(statement))
        await connection.execute(text("ANALYZE"))
    yield engine
    await engine.dispose()


async def plans(engine: AsyncEngine, ran: list[tuple[str, Any]]) -> str:
    """Return PostgreSQL's plans of statements."""
    lines: list[str] = []
    async with engine.connect() as connection:
        for statement, parameters in ran:
            found = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            lines.extend(found.scalars())
    return "\n".join(lines)


QUESTIONS: dict[str, Callable[[EventLives], Awaitable[object]]] = {
    "find": lambda lives: lives.find(ONE),
    "newest": lambda lives: lives.list(limit=10),
    "correlation": lambda lives: lives.list(MessageFilter(correlation_id=CORRELATION), limit=10),
    "a rare type": lambda lives: lives.list(MessageFilter(type="rare_v1"), limit=10),
    "until": lambda lives: lives.list(
        MessageFilter(until=datetime.now(UTC) - timedelta(days=50)), limit=10
    ),
}


async def test_no_large_table_is_read_whole(engine: AsyncEngine) -> None:
    """Every statement on the history, the inbox and the failures uses an index."""
    ran: list[tuple[str, Any]] = []
    event.listen(
        engine.sync_engine,
        "before_cursor_execute",
        lambda _, __, statement, parameters, *___: ran.append((statement, parameters)),
    )
    for name, question in QUESTIONS.items():
        ran.clear()
        async with SQLUnitOfWork(RecordingOutboxTransport(), engine) as transaction:
            await question(transaction.uow.lives)
            await transaction.rollback()

        plan = await plans(engine, list(ran))

        assert "Index Scan" in plan
        whole = [table for table in LARGE if f"Seq Scan on {table}" in plan]
        assert not whole, f"{name}: {plan}"


async def test_a_life_in_a_long_history(engine: AsyncEngine) -> None:
    """Cause and handling are found; an effect of long after is not looked for."""
    async with SQLUnitOfWork(RecordingOutboxTransport(), engine) as transaction:
        life = await transaction.uow.lives.find(ONE)
        await transaction.rollback()

    assert life is not None
    assert life.cause is not None
    assert life.cause.message_id == UUID(int=90_000)
    assert not life.effects
    assert [step.kind for step in life.steps].count("handled") == 2
