"""Storage and unit of work on SQLAlchemy: PostgreSQL by asyncpg, SQLite by aiosqlite."""

from reading_club.adapters.uow_sqla.configuration import UnusableAddress, configuration_fault
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.heartbeats import SQLHeartbeats
from reading_club.adapters.uow_sqla.orm import metadata
from reading_club.adapters.uow_sqla.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.retention import Retention, SQLRetention
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork

__all__ = [
    "Retention",
    "SQLHeartbeats",
    "SQLOutbox",
    "SQLRetention",
    "SQLUnitOfWork",
    "UnusableAddress",
    "configuration_fault",
    "create_engine",
    "metadata",
]
