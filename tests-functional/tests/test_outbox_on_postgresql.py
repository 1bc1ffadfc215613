"""The outbox on PostgreSQL stays fast with a large backlog: plans, locks and updates."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.testing.builders import an_event

MILLION = 1_000_000
FILL = f"""
INSERT INTO outbox (message_id, subscriber, token, leased_until, attempts, envelope)
SELECT lpad(to_hex(n), 32, '0')::uuid, '', lpad('', 32, '0')::uuid, now(), 0, '{{"type": "x"}}'
FROM generate_series(1, {MILLION}) AS n
"""
BOUND = 10.0
"""Timeout in seconds, generous for a slow machine."""


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine with a single connection, on a migrated database."""
    engine = create_engine(database_url, pool_size=1, max_overflow=0)
    await migrations.upgrade(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
def outbox(engine: AsyncEngine) -> SQLOutbox:
    """The outbox on that engine."""
    return SQLOutbox(engine, orm.stream)


async def commit(engine: AsyncEngine, number: int, lease: Lease) -> None:
    """Commit `number` events in one transaction, leased with `lease`."""
    async with SQLUnitOfWork(RecordingOutboxTransport(lease), engine) as transaction:
        for _ in range(number):
            await transaction.uow.messagestore.add(an_event())
        await transaction.commit()


async def updates(engine: AsyncEngine) -> dict[str, int]:
    """Return the numbers of outbox rows inserted, updated and deleted so far."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_stat_force_next_flush()"))
        await connection.commit()
        counts = await connection.execute(
            text(
                "SELECT n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del"
                " FROM pg_stat_user_tables WHERE relname = 'outbox'"
            )
        )
        return dict(counts.mappings().one())


async def fill(engine: AsyncEngine) -> None:
    """Put a million rows into the outbox."""
    async with engine.connect() as connection:
        await connection.execute(text(FILL))
        await connection.commit()
        await connection.execute(text("ANALYZE outbox"))
        await connection.commit()


async def test_a_million_rows_are_claimed_by_the_index(
    engine: AsyncEngine, outbox: SQLOutbox
) -> None:
    """Claim and delete use the primary key, without scan or sort, in a million rows."""
    await fill(engine)
    ran: list[tuple[str, object]] = []
    event.listen(
        engine.sync_engine,
        "before_cursor_execute",
        lambda _, __, statement, parameters, *___: ran.append((statement, parameters)),
    )
    lease, begin = Lease(60.0), time.monotonic()

    events = await outbox.claim(500, lease)
    await outbox.delete(lease.token, [each.key for each in events])

    assert time.monotonic() - begin < BOUND
    assert [each.key.message_id.int for each in events] == list(range(1, 501))
    claim, delete = (each for each in list(ran) if "outbox" in each[0])
    for statement, parameters in (claim, delete):
        plan = await explain(engine, statement, parameters)
        assert "using pk_outbox on outbox" in plan
        assert "Seq Scan on outbox" not in plan
        assert "Sort" not in plan


async def explain(engine: AsyncEngine, statement: str, parameters: object) -> str:
    """Return PostgreSQL's plan of a statement."""
    async with engine.connect() as connection:
        lines = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)  # type: ignore[arg-type]  # driver's parameters
        return "\n".join(lines.scalars())


async def test_what_another_relay_holds_is_passed_over(
    engine: AsyncEngine, database_url: str, outbox: SQLOutbox
) -> None:
    """A claim skips rows locked by another transaction, and takes the next ones."""
    await commit(engine, 10, Lease(0.0))
    other = create_engine(database_url)
    oldest = select(orm.outbox.c.message_id).order_by(orm.outbox.c.message_id).limit(4)
    async with other.begin() as connection:
        held = set(await connection.scalars(oldest.with_for_update()))

        events = await asyncio.wait_for(outbox.claim(4, Lease(60.0)), BOUND)

        assert len(events) == 4
        assert held.isdisjoint(each.key.message_id for each in events)
    await other.dispose()
    assert {each.key.message_id for each in await outbox.claim(4, Lease(60.0))} == held


async def test_the_healthy_path_updates_nothing(engine: AsyncEngine, outbox: SQLOutbox) -> None:
    """Rows are inserted with a lease and deleted, without an UPDATE."""
    lease = Lease(60.0)
    await commit(engine, 300, lease)
    async with engine.connect() as connection:
        ids = list(await connection.scalars(select(orm.outbox.c.message_id)))

    await outbox.delete(lease.token, [OutboxKey(id_) for id_ in ids])

    assert await updates(engine) == {
        "n_tup_ins": 300,
        "n_tup_upd": 0,
        "n_tup_hot_upd": 0,
        "n_tup_del": 300,
    }


async def test_what_an_outage_updates_is_in_no_index(
    engine: AsyncEngine, outbox: SQLOutbox
) -> None:
    """Claim and release of a probe are HOT updates, which leave the indexes unchanged."""
    await commit(engine, 100, Lease(0.0))
    lease = Lease(60.0)
    for _ in range(100):
        (probe,) = await outbox.claim(1, lease)
        await outbox.release(lease.token, [probe.key])

    counts = await updates(engine)

    assert counts["n_tup_upd"] == counts["n_tup_hot_upd"] == 200


async def test_the_outbox_is_vacuumed_by_number(engine: AsyncEngine) -> None:
    """Autovacuum starts at a fixed number of rows, as a share of an empty table is zero."""
    query = text("SELECT unnest(reloptions) FROM pg_class WHERE relname = 'outbox'")
    async with engine.connect() as connection:
        options = set(await connection.scalars(query))

    assert options == {
        "autovacuum_vacuum_scale_factor=0",
        "autovacuum_vacuum_threshold=5000",
        "autovacuum_vacuum_cost_delay=0",
        "fillfactor=50",
    }
