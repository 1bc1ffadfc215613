"""Contract tests of the SQL adapters, for any database.

A test module imports the fixtures and the classes, and provides two fixtures: ``engine`` on a
database with the tables and no rows, and ``empty_engine`` on a database without tables.
"""

import pytest

pytest.register_assert_rewrite(
    f"{__name__}.accounts",
    f"{__name__}.backfill",
    f"{__name__}.book_pages",
    f"{__name__}.enqueued_content",
    f"{__name__}.state_costs",
    f"{__name__}.statement_counts",
    f"{__name__}.transaction_end",
    f"{__name__}.erasure",
    f"{__name__}.erasure_story",
    f"{__name__}.fixtures",
    f"{__name__}.migrations",
    f"{__name__}.nickname_migration",
    f"{__name__}.notifications",
    f"{__name__}.older_release",
    f"{__name__}.retention",
    f"{__name__}.schema_state",
    f"{__name__}.stream_fixtures",
    f"{__name__}.sync_transactional_outbox",
    f"{__name__}.transactional_outbox",
    f"{__name__}.invalid_rows",
    f"{__name__}.repositories",
    f"{__name__}.unreadable_dead_letters",
    f"{__name__}.wrong_schema",
)

from reading_club.adapters.uow_sqla.testing.accounts import (
    TestAccounts,
    TestClubSettings,
    TestErasure,
    TestErasureRaces,
    TestInvitations,
    TestJoinRequests,
    TestLeaving,
    TestPasswordLinks,
    TestSecrecy,
    TestSessions,
    TestTokens,
    TestWelcomeLink,
)
from reading_club.adapters.uow_sqla.testing.backfill import TestBackfill
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
    TestBooks,
    TestBookSearch,
    TestCatalogue,
    TestReviewers,
    TestReviewLists,
    TestReviews,
    TestTables,
    TestUnitOfWork,
)
from reading_club.adapters.uow_sqla.testing.retention import TestRetention
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
    "TestBookPages",
    "TestBookSearch",
    "TestBooks",
    "TestCatalogue",
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
