"""All contracts of the event stream as test classes: a test module imports them with ``*``."""

from reading_club.testing.contracts import eventstream

__all__ = [
    "TestAttempts",
    "TestDeadLetterCommands",
    "TestDeadLetters",
    "TestHeartbeats",
    "TestInbox",
    "TestMessageStore",
    "TestMissingEvents",
    "TestOutbox",
    "TestOutboxDeferring",
    "TestOutboxLeases",
    "TestOutboxSplit",
    "TestPublication",
    "TestReconciliationExclusions",
    "TestStatistics",
    "TestTransactions",
    "TestWrongClock",
]


class TestTransactions(eventstream.TransactionContract):
    """The transactions of a unit of work."""


class TestPublication(eventstream.PublicationContract):
    """The publication of committed events."""


class TestMessageStore(eventstream.MessageStoreContract):
    """The message store."""


class TestOutbox(eventstream.OutboxContract):
    """The events that wait in the outbox."""


class TestOutboxDeferring(eventstream.OutboxDeferringContract):
    """Deferred events in the outbox."""


class TestOutboxLeases(eventstream.OutboxLeaseContract):
    """The leases of the outbox."""


class TestOutboxSplit(eventstream.OutboxSplitContract):
    """One outbox row a subscriber."""


class TestInbox(eventstream.InboxContract):
    """The inbox."""


class TestAttempts(eventstream.AttemptsContract):
    """The attempts to handle messages."""


class TestMissingEvents(eventstream.MissingEventsContract):
    """Subscriptions and missing events."""


class TestReconciliationExclusions(eventstream.ReconciliationExclusionsContract):
    """Events that are not missing."""


class TestWrongClock(eventstream.WrongClockContract):
    """Events from a process with a wrong clock."""


class TestHeartbeats(eventstream.HeartbeatsContract):
    """The heartbeats."""


class TestDeadLetters(eventstream.DeadLettersContract):
    """The dead letters."""


class TestDeadLetterCommands(eventstream.DeadLetterCommandsContract):
    """Retry, discard and replay of dead letters."""


class TestStatistics(eventstream.StatisticsContract):
    """Counts and ages of outbox and subscribers."""
