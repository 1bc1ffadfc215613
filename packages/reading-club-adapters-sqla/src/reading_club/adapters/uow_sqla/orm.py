"""The tables. Operators query them by name: only migrations change them.

The tables of read models are in the modules of ``read_models``, those of accounts in ``accounts``,
and those of what members follow in ``notifications``.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
)

from reading_club.adapters.uow_sqla import activity_arrivals as arrivals
from reading_club.adapters.uow_sqla import catalogue_tables
from reading_club.adapters.uow_sqla import metadata as club_metadata
from reading_club.adapters.uow_sqla.accounts import tables as account_tables
from reading_club.adapters.uow_sqla.eventstream.tables import stream_tables
from reading_club.adapters.uow_sqla.imports import tables as import_tables
from reading_club.adapters.uow_sqla.notifications import tables as notification_tables
from reading_club.adapters.uow_sqla.read_models import activity as activity_log
from reading_club.adapters.uow_sqla.types import DatabaseTime, UtcDateTime, sorted_text
from reading_club.domain.search import LONGEST_KEY, LONGEST_WORD

metadata = club_metadata.metadata
stream = stream_tables(metadata)
messages = stream.messages
dead_letters = stream.dead_letters
audit = stream.audit
outbox = stream.outbox
inbox = stream.inbox
attempts = stream.attempts
subscriptions = stream.subscriptions
resends = stream.resends
processes = stream.processes

books = Table(
    "books",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", String(300), nullable=False),
    Column("author", String(200), nullable=False),
    Column("isbn", String(13), nullable=True, unique=True),
    Column("search", Text, nullable=False, server_default=""),
    Column("registered_at", UtcDateTime, nullable=True, default=DatabaseTime()),
    Column("title_key", sorted_text(LONGEST_KEY), nullable=False, server_default=""),
    Column("author_key", sorted_text(LONGEST_KEY), nullable=False, server_default=""),
    Column("registered_by", Uuid, nullable=True),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
    Index("ix_books_registered_at_id", "registered_at", "id"),
    Index("ix_books_registered_by_id", "registered_by", "id"),
    Index("ix_books_title_key_id", "title_key", "id"),
    Index("ix_books_author_key_title_key_id", "author_key", "title_key", "id"),
)
"""``registered_at`` is the database's time: lists are ordered by it, newest first.

``registered_by`` is the reviewer who may correct it, NULL if that is not known. A book that is
withdrawn keeps its row, without its ISBN, which is free again.
``title_key`` and ``author_key`` are empty until a row of an older release is indexed.
"""

book_words = Table(
    "book_words",
    metadata,
    Column("book_id", Uuid, primary_key=True),
    Column("word", sorted_text(LONGEST_WORD), primary_key=True),
    Index("ix_book_words_word_book_id", "word", "book_id"),
)
"""The words of each book: the index leads from a word to its books, the key from a book to its."""

reviewers = Table(
    "reviewers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("nickname", String(50), nullable=False),
    Column("nickname_key", String(150), nullable=False, unique=True),
    Column("erased", Boolean, nullable=False, server_default=false()),
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
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=True, default=DatabaseTime()),
    Column("updated_at", UtcDateTime, nullable=True, default=DatabaseTime()),
    UniqueConstraint("book_id", "reviewer_id"),
    Index("ix_reviews_reviewer_id_created_at", "reviewer_id", "created_at"),
    CheckConstraint("rating BETWEEN 0 AND 10", name="rating"),
    CheckConstraint("version >= 1", name="version"),
)
"""``created_at`` and ``updated_at`` are the database's time; NULL for rows of an older release."""

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

activity = activity_log.activity
activity_erasures = activity_log.activity_erasures
activity_arrivals = arrivals.activity_arrivals
catalogue = catalogue_tables.catalogue
catalogue_ratings = catalogue_tables.catalogue_ratings
catalogue_counts = catalogue_tables.catalogue_counts
catalogue_ranks = catalogue_tables.catalogue_ranks
accounts = account_tables.accounts
sessions = account_tables.sessions
invitations = account_tables.invitations
tokens = account_tables.tokens
welcome_links = account_tables.welcome_links
join_requests = account_tables.join_requests
password_links = account_tables.password_links
club_settings = account_tables.club_settings
imports = import_tables.imports
import_rows = import_tables.import_rows
own_books = import_tables.own_books
club_followers = notification_tables.club_followers
book_followers = notification_tables.book_followers
notices = notification_tables.notices
following_feeds = notification_tables.following_feeds
mail_addresses = notification_tables.mail_addresses
