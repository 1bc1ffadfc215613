"""The stream's tables of what happens in its workers besides effects."""

from collections.abc import Callable

from sqlalchemy import BigInteger, Column, Float, Identity, Integer, String, Table, Text, Uuid

from reading_club.adapters.uow_sqla.types import DatabaseTime, UtcDateTime


def worker_tables(table: Callable[..., Table]) -> dict[str, Table]:
    """Return the tables of failures, pauses, returned messages and processes, by name."""
    return {
        "failures": table(
            "failures",
            Column(
                "id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True
            ),
            Column("subscriber", String(100), nullable=False),
            Column("message_id", Uuid, nullable=False, index=True),
            Column("number", Integer, nullable=False),
            Column("at", UtcDateTime, nullable=False, default=DatabaseTime(), index=True),
            Column("error", Text, nullable=False),
        ),
        "pauses": table(
            "pauses",
            Column("subscriber", String(100), primary_key=True),
            Column("since", UtcDateTime, nullable=False, default=DatabaseTime()),
        ),
        "returned": table(
            "returned",
            Column("subscriber", String(100), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("at", UtcDateTime, nullable=False, default=DatabaseTime(), index=True),
        ),
        "processes": table(
            "processes",
            Column("id", Uuid, primary_key=True),
            Column("role", String(20), nullable=False),
            Column("subscriber", String(100), nullable=True),
            Column("host", String(255), nullable=False),
            Column("pid", Integer, nullable=False),
            Column("release", String(50), nullable=False),
            Column("started_at", UtcDateTime, nullable=False),
            Column("beat_at", UtcDateTime, nullable=False),
            Column("clock_offset", Float, nullable=False, server_default="0"),
            Column("trouble", Text, nullable=True),
        ),
    }
