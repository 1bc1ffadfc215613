"""The tables of the event stream, on any MetaData."""

from dataclasses import dataclass

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Identity,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    false,
)

from reading_club.adapters.uow_sqla.types import DatabaseTime, JsonText, UtcDateTime


@dataclass(frozen=True, eq=False)
class StreamTables:
    """The tables of one event stream. They change by migrations only."""

    messages: Table
    """Every committed command and event, in the order in which they were handled; append-only.

    ``created_at`` is by the clock of the process that made the message, for display;
    ``recorded_at`` is by the database's clock, and determines order and age.
    """
    dead_letters: Table
    audit: Table
    """The actions on dead letters; append-only."""
    outbox: Table
    """Events to be sent: ids of ``messages``, with an envelope if the message is not stored there.

    Rows are inserted leased, and deleted when the broker has confirmed. Columns that change during
    an outage are in no index.
    """
    inbox: Table
    """Messages that have taken effect; inserted first in the transaction of the effects."""
    attempts: Table
    """Numbers of attempts and stalls of messages that did not succeed at the first attempt."""
    subscriptions: Table
    """The event types of each subscriber, and since when."""
    resends: Table
    """Events that the reconciler has sent again: how often, and the earliest time of the next."""
    processes: Table
    """The running processes, each with its latest heartbeat by the database's clock."""

    @property
    def metadata(self) -> MetaData:
        """The metadata on which the tables are made."""
        return self.messages.metadata


def stream_tables(metadata: MetaData) -> StreamTables:
    """Return the tables of an event stream, made on this metadata."""
    return StreamTables(
        messages=Table(
            "messages",
            metadata,
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
        ),
        dead_letters=Table(
            "dead_letters",
            metadata,
            Column("subscriber", String(100), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("type", Text, nullable=False),
            Column("envelope", JSON, nullable=False),
            Column("error", Text, nullable=False),
            Column("set_aside_at", UtcDateTime, nullable=False),
            Column("attempts", Integer, nullable=False, server_default="0"),
            Column("parked", Boolean, nullable=False, server_default=false()),
        ),
        audit=Table(
            "audit",
            metadata,
            Column(
                "id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True
            ),
            Column("at", UtcDateTime, nullable=False),
            Column("action", String(20), nullable=False),
            Column("subscriber", String(100), nullable=False),
            Column("message_id", Uuid, nullable=False),
            Column("error", Text, nullable=False),
        ),
        outbox=Table(
            "outbox",
            metadata,
            Column("message_id", Uuid, primary_key=True),
            Column("subscriber", String(100), primary_key=True),
            Column("token", Uuid, nullable=False),
            Column("leased_until", UtcDateTime, nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("envelope", JSON(none_as_null=True)),
            Column("added_at", UtcDateTime, nullable=True, default=DatabaseTime()),
            Column("reason", Text, nullable=True),
            Column("attempted", Boolean, nullable=False, server_default=false()),
        ),
        inbox=Table(
            "inbox",
            metadata,
            Column("subscriber", String(100), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("received_at", UtcDateTime, nullable=False, default=DatabaseTime(), index=True),
        ),
        attempts=Table(
            "attempts",
            metadata,
            Column("subscriber", String(100), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("number", Integer, nullable=False),
            Column("at", UtcDateTime, nullable=False),
            Column("stalls", Integer, nullable=False, server_default="0"),
        ),
        subscriptions=Table(
            "subscriptions",
            metadata,
            Column("subscriber", String(100), primary_key=True),
            Column("type", String(200), primary_key=True),
            Column("since", UtcDateTime, nullable=False),
        ),
        resends=Table(
            "resends",
            metadata,
            Column("subscriber", String(100), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("number", Integer, nullable=False),
            Column("again_at", UtcDateTime, nullable=False),
        ),
        processes=Table(
            "processes",
            metadata,
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
    )
