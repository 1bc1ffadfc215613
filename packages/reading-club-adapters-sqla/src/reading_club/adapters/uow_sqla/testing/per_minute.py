"""Tests of the counts for each minute on SQL, and of their query plans."""

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.testing.book_pages import EXPLAIN
from reading_club.testing.contracts import eventstream

NO_SCANS = "SET enable_seqscan = off"
"""Lets PostgreSQL scan a small table only where no index can be used."""


class TestPerMinute(eventstream.PerMinuteContract):
    """The counts for each minute on SQL."""

    @pytest.mark.parametrize(
        ("table", "index"),
        [("messages", "ix_messages_recorded_at"), ("inbox", "ix_inbox_received_at")],
    )
    async def test_only_the_rows_of_these_minutes_are_read(
        self, engine: AsyncEngine, table: str, index: str
    ) -> None:
        """The query plan begins at the oldest time in the index, without a scan of the table."""
        ran: list[tuple[str, Any]] = []
        event.listen(
            engine.sync_engine,
            "before_cursor_execute",
            lambda _, __, statement, parameters, *___: ran.append((statement, parameters)),
        )
        await self.counted()
        (statement, parameters) = next(each for each in ran if f"FROM {table}" in each[0])

        async with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                await connection.exec_driver_sql(NO_SCANS)
            explain = f"{EXPLAIN[engine.dialect.name]} {statement}"
            plan = await connection.exec_driver_sql(explain, parameters)
            text = "\n".join(str(line) for line in plan)

        assert index in text
        assert "received_at>" in text or "recorded_at>" in text or "Index Cond" in text
