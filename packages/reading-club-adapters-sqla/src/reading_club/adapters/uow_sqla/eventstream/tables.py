"""The tables of the event stream, on any MetaData."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Identity,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    false,
)

from reading_club.adapters.uow_sqla.eventstream.projection_tables import projection_tables
from reading_club.adapters.uow_sqla.eventstream.worker_tables import worker_tables
from reading_club.adapters.uow_sqla.types import DatabaseTime, JsonText, UtcDateTime

OUTBOX_ON_POSTGRESQL: Final = {
    # Of a table that is nearly empty most of the time, a share of the rows is no measure.
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 5000,
    "autovacuum_vacuum_cost_delay": 0,
    # Claimed rows are updated in their own page, without a change of the index.
    "fillfactor": 50,
}
"""Storage parameters of the outbox."""


@dataclass(frozen=True, eq=False)
class StreamTables:
    """The tables of one event stream. They change by migrations only."""

    messages: Table
    """Every committed command and event, in the order in which they were handled.

    Append-only, but for a redaction: ``redacted`` says whether the payload was changed by one.

    ``created_at`` is by the clock of the process that made the message, for display;
    ``recorded_at`` is by the database's clock, and determines order and age.
    """
    dead_letters: Table
    """Messages that were given up, each with its subscriber, error and envelope."""
    audit: Table
    """The actions on dead letters; append-only, but for a redaction."""
    outbox: Table
    """Events and tasks to be sent: ids of ``messages``, or with an envelope of what is not there.

    Rows are inserted leased, and deleted when the broker has confirmed. Columns that change during
    an outage are in no index.
    """
    inbox: Table
    """Messages that have taken effect; inserted first in the transaction of the effects."""
    attempts: Table
    """Numbers of attempts and stalls of messages that did not succeed at the first attempt."""
    subscriptions: Table
    """The types of stored events that each subscriber gets, and since when. During a replay,
    ``replay_after`` and ``replay_until`` are the positions between which messages are still to be
    sent. ``delivered_as`` is the type in which a subscriber outside gets an event that is stored in
    another version than its queue is bound to."""
    resends: Table
    """Events that the reconciler has sent again: how often, and the earliest time of the next."""
    failures: Table
    """Each failed attempt to handle a message, with its error; kept as long as inbox rows are."""
    pauses: Table
    """The paused subscribers, each since when."""
    returned: Table
    """Messages that a worker gave back to the broker before it began to handle them: by a pause or
    a stop. A row goes when the message is delivered again, which is no sign of a crash then."""
    projections: Table
    """The live generation of each projection's rows, and the one that a rebuild makes."""
    history_deletions: Table
    """The types of which messages were deleted from the history."""
    processes: Table
    """The running processes, each with its latest heartbeat by the database's clock."""

    @property
    def metadata(self) -> MetaData:
        """The metadata on which the tables are made."""
        return self.messages.metadata


def stream_tables(
    metadata: MetaData, *, schema: str | None = None, prefix: str = ""
) -> StreamTables:
    """Return the tables of an event stream, made on this metadata, for example an application's.

    ``schema`` is the database's schema that holds them, by default the one of the metadata, and
    ``prefix`` begins the name of each table. Unnamed constraints and indexes get their names from
    the metadata's naming convention or from the database, by the name of the table: streams with
    different prefixes or schemas share a database. Call it once for each stream and metadata.
    """

    def table(name: str, *columns: Column[Any], **options: Any) -> Table:
        return Table(prefix + name, metadata, *columns, schema=schema, **options)

    return StreamTables(
        messages=table(
            "messages",
            Column(
                "position",
                BigInteger().with_variant(Integer, "sqlite"),
                Identity(),
                primary_key=True,
            ),
            Column("id", Uuid, nullable=False, unique=True),
            Column("created_at", UtcDateTime, nullable=False, index=True),
            Column("type", String(200), nullable=False),
            Column("metadata", JSON, nullable=False),
            Column("payload", JsonText, nullable=False),
            Column("recorded_at", UtcDateTime, nullable=True, default=DatabaseTime(), index=True),
            Column("redacted", Boolean, nullable=False, server_default=false()),
        ),
        dead_letters=table(
            "dead_letters",
            Column("subscriber", String(100), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("type", Text, nullable=False),
            Column("envelope", JSON, nullable=False),
            Column("error", Text, nullable=False),
            Column("set_aside_at", UtcDateTime, nullable=False),
            Column("attempts", Integer, nullable=False, server_default="0"),
            Column("parked", Boolean, nullable=False, server_default=false()),
        ),
        audit=table(
            "audit",
            Column(
                "id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True
            ),
            Column("at", UtcDateTime, nullable=False),
            Column("action", String(20), nullable=False),
            Column("subscriber", String(100), nullable=False),
            Column("message_id", Uuid, nullable=False),
            Column("error", Text, nullable=False),
        ),
        outbox=table(
            "outbox",
            Column("message_id", Uuid, primary_key=True),
            Column("subscriber", String(100), primary_key=True),
            Column("token", Uuid, nullable=False),
            Column("leased_until", UtcDateTime, nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("envelope", JSON(none_as_null=True)),
            Column("added_at", UtcDateTime, nullable=True, default=DatabaseTime()),
            Column("reason", Text, nullable=True),
            Column("attempted", Boolean, nullable=False, server_default=false()),
            postgresql_with=OUTBOX_ON_POSTGRESQL,
        ),
        inbox=table(
            "inbox",
            Column("subscriber", String(100), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("received_at", UtcDateTime, nullable=False, default=DatabaseTime(), index=True),
        ),
        attempts=table(
            "attempts",
            Column("subscriber", String(100), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("number", Integer, nullable=False),
            Column("at", UtcDateTime, nullable=False),
            Column("stalls", Integer, nullable=False, server_default="0"),
        ),
        subscriptions=table(
            "subscriptions",
            Column("subscriber", String(100), primary_key=True),
            Column("type", String(200), primary_key=True),
            Column("since", UtcDateTime, nullable=False),
            Column("outside", Boolean, nullable=False, server_default=false()),
            Column("replay_after", BigInteger, nullable=True),
            Column("replay_until", BigInteger, nullable=True),
            Column("delivered_as", String(200), nullable=True),
        ),
        resends=table(
            "resends",
            Column("subscriber", String(100), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("number", Integer, nullable=False),
            Column("again_at", UtcDateTime, nullable=False),
        ),
        **worker_tables(table),
        **projection_tables(table),
    )
