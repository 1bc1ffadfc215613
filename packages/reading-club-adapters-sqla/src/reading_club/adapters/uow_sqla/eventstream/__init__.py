"""The event stream on SQL, with its tables on any MetaData."""

from reading_club.adapters.uow_sqla.eventstream.connection import TransactionConnection
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.eventstream.retention import SQLRetention
from reading_club.adapters.uow_sqla.eventstream.run import RelayOptions, run_relay
from reading_club.adapters.uow_sqla.eventstream.statistics import SQLStatistics
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables, stream_tables
from reading_club.adapters.uow_sqla.eventstream.transactional_outbox import (
    SyncTransactionalOutbox,
    TransactionalOutbox,
)
from reading_club.adapters.uow_sqla.eventstream.unit_of_work import SQLStreamUnitOfWork

__all__ = [
    "RelayOptions",
    "SQLOutbox",
    "SQLRetention",
    "SQLStatistics",
    "SQLStreamUnitOfWork",
    "StreamTables",
    "SyncTransactionalOutbox",
    "TransactionConnection",
    "TransactionalOutbox",
    "run_relay",
    "stream_tables",
]
