"""The stream's tables of what happens in its workers besides effects."""

from collections.abc import Callable

from sqlalchemy import BigInteger, Column, Identity, Integer, String, Table, Text, Uuid

from reading_club.adapters.uow_sqla.types import DatabaseTime, UtcDateTime


def worker_tables(table: Callable[..., Table]) -> dict[str, Table]:
    """Return the tables ``failures``, ``pauses`` and ``returned``, each made by ``table``."""
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
    }
