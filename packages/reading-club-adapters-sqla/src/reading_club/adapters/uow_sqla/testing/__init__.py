"""Contract tests of the SQL adapters, for any database.

A test module imports the fixtures and the classes, and provides two fixtures: ``engine`` on a
database with the tables and no rows, and ``empty_engine`` on a database without tables.
"""

import pytest

ASSERTING = (
    "accounts backfill book_costs book_migration book_pages enqueued_content erasure "
    "erasure_story fixtures invalid_rows migrations nickname_migration notifications older_release "
    "repositories retention row_counts schema_state state_costs statement_counts stream_fixtures "
    "sync_transactional_outbox transaction_end transactional_outbox unreadable_dead_letters "
    "wrong_schema"
)
pytest.register_assert_rewrite(*[f"{__name__}.{module}" for module in ASSERTING.split()])

from reading_club.adapters.uow_sqla.testing.accounts import (
    TestAccounts,
    TestClubSettings,
    TestErasure,
    TestErasureRaces,
    TestImports,
    TestInvitations,
    TestJoinRequests,
    TestLeaving,
    TestOwnBooks,
    TestPasswordLinks,
    TestSecrecy,
    TestSessions,
    TestTokens,
    TestWelcomeLink,
)
from reading_club.adapters.uow_sqla.testing.backfill import TestBackfill
from reading_club.adapters.uow_sqla.testing.book_costs import TestBookCosts
from reading_club.adapters.uow_sqla.testing.book_migration import TestBookMigration
from reading_club.adapters.uow_sqla.testing.book_pages import TestBookPages
from reading_club.adapters.uow_sqla.testing.clock import pass_time
from reading_club.adapters.uow_sqla.testing.erasure import TestErasedTables
from reading_club.adapters.uow_sqla.testing.fixtures import tables, titles, uow, uow_factory, uow_on
from reading_club.adapters.uow_sqla.testing.invalid_rows import TestStoredRows
from reading_club.adapters.uow_sqla.testing.migrations import TestMigrations, TestUpgrade
from reading_club.adapters.uow_sqla.testing.nickname_migration import TestNicknameMigration
from reading_club.adapters.uow_sqla.testing.notifications import TestMail, TestNotices
from reading_club.adapters.uow_sqla.testing.older_release import TestOlderRelease
from reading_club.adapters.uow_sqla.testing.per_minute import TestPerMinute
from reading_club.adapters.uow_sqla.testing.read_models import TestReadModels, TestRebuild
from reading_club.adapters.uow_sqla.testing.repositories import (
    TestBookCorrections,
    TestBooks,
    TestBookSearch,
    TestBookWithdrawals,
    TestCatalogue,
    TestCatalogueVersions,
    TestReviewers,
    TestReviewLists,
    TestReviews,
    TestTables,
    TestUnitOfWork,
)
from reading_club.adapters.uow_sqla.testing.retention import TestRetention
from reading_club.adapters.uow_sqla.testing.row_counts import TestRows
from reading_club.adapters.uow_sqla.testing.schema_state import TestSchemaState
from reading_club.adapters.uow_sqla.testing.shelf_export import TestShelfExport
from reading_club.adapters.uow_sqla.testing.state_costs import TestStateCosts
from reading_club.adapters.uow_sqla.testing.statement_counts import TestCosts, TestTransactionCosts
from reading_club.adapters.uow_sqla.testing.stream_fixtures import (
    heartbeats,
    history,
    outbox,
    statistics,
)
from reading_club.adapters.uow_sqla.testing.transaction_end import TestEndings
from reading_club.adapters.uow_sqla.testing.unreadable_dead_letters import TestUnreadableDeadLetters
from reading_club.adapters.uow_sqla.testing.wrong_schema import TestWrongSchema
from reading_club.testing.contracts.eventstream.all_contracts import (
    TestAttempts,
    TestConvertedSubscriptions,
    TestDeadLetterCommands,
    TestDeadLetterGroups,
    TestDeadLetters,
    TestEventLives,
    TestEventLivesWithFailures,
    TestFailures,
    TestHeartbeats,
    TestInbox,
    TestMessageContext,
    TestMessageLists,
    TestMessageStore,
    TestMissingEvents,
    TestOutbox,
    TestOutboxDeferring,
    TestOutboxLeases,
    TestOutboxSplit,
    TestOutside,
    TestPauses,
    TestPublication,
    TestReconciliationExclusions,
    TestRedaction,
    TestReplays,
    TestReturnedMessages,
    TestStatistics,
    TestTransactions,
    TestWrongClock,
)

__all__ = [
    "TestAccounts",
    "TestAttempts",
    "TestBackfill",
    "TestBookCorrections",
    "TestBookCosts",
    "TestBookMigration",
    "TestBookPages",
    "TestBookSearch",
    "TestBookWithdrawals",
    "TestBooks",
    "TestCatalogue",
    "TestCatalogueVersions",
    "TestClubSettings",
    "TestConvertedSubscriptions",
    "TestCosts",
    "TestDeadLetterCommands",
    "TestDeadLetterGroups",
    "TestDeadLetters",
    "TestEndings",
    "TestErasedTables",
    "TestErasure",
    "TestErasureRaces",
    "TestEventLives",
    "TestEventLivesWithFailures",
    "TestFailures",
    "TestHeartbeats",
    "TestImports",
    "TestInbox",
    "TestInvitations",
    "TestJoinRequests",
    "TestLeaving",
    "TestMail",
    "TestMessageContext",
    "TestMessageLists",
    "TestMessageStore",
    "TestMigrations",
    "TestMissingEvents",
    "TestNicknameMigration",
    "TestNotices",
    "TestOlderRelease",
    "TestOutbox",
    "TestOutboxDeferring",
    "TestOutboxLeases",
    "TestOutboxSplit",
    "TestOutside",
    "TestOwnBooks",
    "TestPasswordLinks",
    "TestPauses",
    "TestPerMinute",
    "TestPublication",
    "TestReadModels",
    "TestRebuild",
    "TestReconciliationExclusions",
    "TestRedaction",
    "TestReplays",
    "TestRetention",
    "TestReturnedMessages",
    "TestReviewLists",
    "TestReviewers",
    "TestReviews",
    "TestRows",
    "TestSchemaState",
    "TestSecrecy",
    "TestSessions",
    "TestShelfExport",
    "TestStateCosts",
    "TestStatistics",
    "TestStoredRows",
    "TestTables",
    "TestTokens",
    "TestTransactionCosts",
    "TestTransactions",
    "TestUnitOfWork",
    "TestUnreadableDeadLetters",
    "TestUpgrade",
    "TestWelcomeLink",
    "TestWrongClock",
    "TestWrongSchema",
    "heartbeats",
    "history",
    "outbox",
    "pass_time",
    "statistics",
    "tables",
    "titles",
    "uow",
    "uow_factory",
    "uow_on",
]
