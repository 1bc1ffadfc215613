"""The tables. People look into them by name: they change by migrations only."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, to the microsecond. It goes in with any time zone and comes out as UTC.

    A datetime without a time zone is a bug: binding it raises ValueError.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC, as the database keeps it."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002  # the name is the base class's
    ) -> datetime | None:
        """Return the instant in UTC, with its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


books = Table(
    "books",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", String(300), nullable=False),
    Column("author", String(200), nullable=False),
    Column("isbn", String(13), nullable=False, unique=True),
    Column("search", Text, nullable=False, server_default=""),
)

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
    Column("created_at", UtcDateTime, nullable=False),
    Column("type", String(200), nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("payload", JSON, nullable=False),
)
"""Every committed command and event, in the order in which they were handled; append-only."""

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
)
