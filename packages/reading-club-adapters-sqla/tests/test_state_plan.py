"""SQLite's plan of the state of a stream. PostgreSQL chooses its own by the number of rows."""

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.states import states_of


async def test_the_state_reads_the_history_by_an_index(engine: AsyncEngine) -> None:
    """Each read of the history starts from the horizon or a single event."""
    query = states_of(orm.stream, ["activity", "catalogue"], horizon=60.0)
    text = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    async with engine.connect() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
        steps = [row.detail for row in plan]

    reads = [step for step in steps if "messages" in step]
    assert reads
    assert all("USING INDEX" in step and step.startswith("SEARCH") for step in reads), steps
