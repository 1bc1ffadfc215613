"""The contracts of the event stream on SQL."""

from reading_club.testing import contracts


class TestOutbox(contracts.OutboxContract):
    """The outbox on SQL."""


class TestOutboxDeferring(contracts.OutboxDeferringContract):
    """Deferred events in the outbox on SQL."""


class TestOutboxLeases(contracts.OutboxLeaseContract):
    """The leases of the outbox on SQL."""


class TestOutboxSplit(contracts.OutboxSplitContract):
    """One outbox row a subscriber, on SQL."""


class TestInbox(contracts.InboxContract):
    """The inbox on SQL."""


class TestAttempts(contracts.AttemptsContract):
    """The attempts to handle messages on SQL."""


class TestMissingEvents(contracts.MissingEventsContract):
    """Subscriptions and missing events on SQL."""


class TestReconciliationExclusions(contracts.ReconciliationExclusionsContract):
    """Exclusions from reconciliation on SQL."""


class TestWrongClock(contracts.WrongClockContract):
    """Events from a process with a wrong clock, on SQL."""


class TestCatalogue(contracts.CatalogueContract):
    """The catalogue on SQL."""


class TestHeartbeats(contracts.HeartbeatsContract):
    """The heartbeats on SQL."""


class TestDeadLetterCommands(contracts.DeadLetterCommandsContract):
    """Retry, discard and replay of dead letters on SQL."""


class TestStatistics(contracts.StatisticsContract):
    """The statistics on SQL."""
