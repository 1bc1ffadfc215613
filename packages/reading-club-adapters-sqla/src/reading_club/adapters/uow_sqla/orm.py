"""The tables. Operators query them by name: only migrations change them."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
)

from reading_club.adapters.uow_sqla.clock import DatabaseNow, UtcDateTime
from reading_club.adapters.uow_sqla.json_text import JsonText

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

books = Table(
    "books",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", String(300), nullable=False),
    Column("author", String(200), nullable=False),
    Column("isbn", String(13), nullable=False, unique=True),
    Column("search", Text, nullable=False, server_default=""),
    Column("registered_at", UtcDateTime, nullable=True, default=DatabaseNow()),
    Index("ix_books_registered_at_id", "registered_at", "id"),
)
"""``registered_at`` is the database's time: lists are ordered by it, newest first."""

reviewers = Table(
    "reviewers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("nickname", String(50), nullable=False),
    Column("nickname_key", String(150), nullable=False, unique=True),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("book_id", ForeignKey("books.id"), nullable=False),
    Column("reviewer_id", ForeignKey("reviewers.id"), nullable=False),
    Column("rating", SmallInteger, nullable=False),
    Column("comment", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("book_id", "reviewer_id"),
    CheckConstraint("rating BETWEEN 0 AND 10", name="rating"),
    CheckConstraint("version >= 1", name="version"),
)

messages = Table(
    "messages",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("type", String(200), nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=True, default=DatabaseNow(), index=True),
)
"""Every committed command and event, in the order in which they were handled; append-only.

``created_at`` is by the clock of the process that made the message, for display; ``recorded_at`` is
by the database's clock, and determines order and age.
"""

activity = Table(
    "activity",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("type", String(200), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("payload", JSON, nullable=False),
)

dead_letters = Table(
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
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(20), nullable=False),
    Column("subscriber", String(100), nullable=False),
    Column("message_id", Uuid, nullable=False),
    Column("error", Text, nullable=False),
)
"""The actions on dead letters; append-only."""

outbox = Table(
    "outbox",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    Column("subscriber", String(100), primary_key=True),
    Column("token", Uuid, nullable=False),
    Column("leased_until", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("envelope", JSON(none_as_null=True)),
    Column("added_at", UtcDateTime, nullable=True, default=DatabaseNow()),
    Column("reason", Text, nullable=True),
    Column("attempted", Boolean, nullable=False, server_default=false()),
)
"""Events to be sent: ids of ``messages``, with an envelope if the message is not stored there.

Rows are inserted leased, and deleted when the broker has confirmed. Columns that change during
an outage are in no index.
"""

inbox = Table(
    "inbox",
    metadata,
    Column("subscriber", String(100), primary_key=True),
    Column("message_id", Uuid, primary_key=True),
    Column("received_at", UtcDateTime, nullable=False, index=True),
)
"""Messages that have taken effect; inserted first in the transaction of the effects."""

attempts = Table(
    "attempts",
    metadata,
    Column("subscriber", String(100), primary_key=True),
    Column("message_id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("stalls", Integer, nullable=False, server_default="0"),
)
"""Numbers of attempts and stalls of messages that did not succeed at the first attempt."""

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscriber", String(100), primary_key=True),
    Column("type", String(200), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
)
"""The event types of each subscriber, and since when; the reconciler compares the inbox to them."""

resends = Table(
    "resends",
    metadata,
    Column("subscriber", String(100), primary_key=True),
    Column("message_id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("again_at", UtcDateTime, nullable=False),
)
"""Events that the reconciler has sent again: how often, and the earliest time of the next."""

processes = Table(
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
)
"""The running processes, each with its latest heartbeat by the database's clock."""

compatibility = Table(
    "schema_compatibility",
    metadata,
    Column("revision", String(32), primary_key=True),
    Column("oldest", String(32), nullable=False),
    Column("finished", Boolean, nullable=False, server_default=false()),
)
"""For each schema revision, the oldest revision whose releases go on working with it.

``finished`` says whether the online steps of the revision are done.
"""

catalogue = Table(
    "catalogue",
    metadata,
    Column("book_id", Uuid, primary_key=True),
    Column("title", String(300), nullable=False),
    Column("author", String(200), nullable=False),
    Column("isbn", String(13), nullable=False),
)

catalogue_ratings = Table(
    "catalogue_ratings",
    metadata,
    Column("review_id", Uuid, primary_key=True),
    Column("book_id", Uuid, nullable=False, index=True),
    Column("rating", SmallInteger, nullable=False),
    Column("version", Integer, nullable=False),
)
"""The highest version of each review's rating, in whichever order events arrive."""
