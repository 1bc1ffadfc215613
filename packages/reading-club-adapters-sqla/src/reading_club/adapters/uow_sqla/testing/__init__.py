"""Contract tests of the SQL adapters, for any database.

A test module imports the fixtures and the classes, and provides two fixtures: ``engine`` on a
database with the tables and no rows, and ``empty_engine`` on a database without tables.
"""

import pytest

pytest.register_assert_rewrite(
    f"{__name__}.backfill",
    f"{__name__}.book_pages",
    f"{__name__}.costs",
    f"{__name__}.endings",
    f"{__name__}.fixtures",
    f"{__name__}.migrations",
    f"{__name__}.older_release",
    f"{__name__}.retention",
    f"{__name__}.schema_state",
    f"{__name__}.stored_rows",
    f"{__name__}.suites",
    f"{__name__}.wrong_schema",
)

from reading_club.adapters.uow_sqla.testing.backfill import TestBackfill  # noqa: E402  # rewritten
from reading_club.adapters.uow_sqla.testing.book_pages import TestBookPages  # noqa: E402
from reading_club.adapters.uow_sqla.testing.clock import pass_time  # noqa: E402  # rewritten
from reading_club.adapters.uow_sqla.testing.costs import TestCosts  # noqa: E402  # rewritten
from reading_club.adapters.uow_sqla.testing.endings import TestEndings  # noqa: E402  # rewritten
from reading_club.adapters.uow_sqla.testing.fixtures import (  # noqa: E402  # after the rewriting
    heartbeats,
    history,
    outbox,
    titles,
    uow,
    uow_factory,
    uow_on,
)
from reading_club.adapters.uow_sqla.testing.migrations import (  # noqa: E402
    TestMigrations,
    TestUpgrade,
)
from reading_club.adapters.uow_sqla.testing.older_release import TestOlderRelease  # noqa: E402
from reading_club.adapters.uow_sqla.testing.retention import TestRetention  # noqa: E402
from reading_club.adapters.uow_sqla.testing.schema_state import TestSchemaState  # noqa: E402
from reading_club.adapters.uow_sqla.testing.stored_rows import TestStoredRows  # noqa: E402
from reading_club.adapters.uow_sqla.testing.stream import (  # noqa: E402
    TestAttempts,
    TestCatalogue,
    TestHeartbeats,
    TestInbox,
    TestLetterOffice,
    TestNotMissing,
    TestOutbox,
    TestOutboxDeferring,
    TestOutboxLeases,
    TestOutboxSplit,
    TestReceipts,
    TestWrongClock,
)
from reading_club.adapters.uow_sqla.testing.suites import (  # noqa: E402
    TestActivityLog,
    TestBooks,
    TestDeadLetters,
    TestMessageStore,
    TestPublication,
    TestReviewers,
    TestReviews,
    TestTables,
    TestTransaction,
    TestUnitOfWork,
)
from reading_club.adapters.uow_sqla.testing.wrong_schema import TestWrongSchema  # noqa: E402

__all__ = [
    "TestActivityLog",
    "TestAttempts",
    "TestBackfill",
    "TestBookPages",
    "TestBooks",
    "TestCatalogue",
    "TestCosts",
    "TestDeadLetters",
    "TestEndings",
    "TestHeartbeats",
    "TestInbox",
    "TestLetterOffice",
    "TestMessageStore",
    "TestMigrations",
    "TestNotMissing",
    "TestOlderRelease",
    "TestOutbox",
    "TestOutboxDeferring",
    "TestOutboxLeases",
    "TestOutboxSplit",
    "TestPublication",
    "TestReceipts",
    "TestRetention",
    "TestReviewers",
    "TestReviews",
    "TestSchemaState",
    "TestStoredRows",
    "TestTables",
    "TestTransaction",
    "TestUnitOfWork",
    "TestUpgrade",
    "TestWrongClock",
    "TestWrongSchema",
    "heartbeats",
    "history",
    "outbox",
    "pass_time",
    "titles",
    "uow",
    "uow_factory",
    "uow_on",
]
