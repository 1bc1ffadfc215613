"""A transaction that is held open keeps what was sent in the index of the outbox."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.eventstream.ports.outbox import OLDEST, Lease

SENT = 5_000
FILL = """
INSERT INTO outbox (message_id, subscriber, token, leased_until, attempts, envelope)
SELECT lpad(to_hex(n), 32, '0')::uuid, '', lpad('', 32, '0')::uuid, now(), 0, '{"type": "x"}'
FROM generate_series(1, :number) AS n
"""
MANY, FEW = 100, 20
"""Pages of eight kilobytes."""


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a migrated database."""
    engine = create_engine(database_url)
    await migrations.upgrade(engine)
    yield engine
    await engine.dispose()


async def test_a_claim_from_a_message_on_looks_at_nothing_before_it(engine: AsyncEngine) -> None:
    """A claim from the oldest row walks over everything that was sent since."""
    outbox, lease = SQLOutbox(engine, orm.stream), Lease(60.0)
    async with engine.begin() as connection:
        await connection.execute(text(FILL), {"number": SENT + 1})
    async with engine.connect() as holder:
        await holder.execution_options(isolation_level="REPEATABLE READ")
        await holder.execute(text("SELECT FROM books"))
        sent = await outbox.claim(SENT, lease)
        await outbox.delete(lease.token, [each.key for each in sent])
        oldest, later = [
            await pages_read(engine, outbox, since) for since in (OLDEST, UUID(int=SENT + 1))
        ]
        await holder.rollback()

    print(f"{oldest} pages from the oldest row on, {later} from a message on")
    assert oldest > MANY
    assert later < FEW


async def pages_read(engine: AsyncEngine, outbox: SQLOutbox, since: UUID) -> int:
    """Return how many pages a claim of the row that is left reads."""
    ran: list[tuple[str, object]] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        ran.append((statement, parameters))

    assert len(await outbox.claim(10, Lease(0.0), since=since)) == 1
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    statement, parameters = ran[0]
    async with engine.connect() as connection:
        lines = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, BUFFERS) {statement}",
            parameters,  # type: ignore[arg-type]  # driver's parameters
        )
        plan = "\n".join(lines.scalars())
    return int(re.findall(r"shared hit=(\d+)", plan)[0])
