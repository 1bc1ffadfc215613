"""All contracts of the event stream as test classes: a test module imports them with ``*``."""

from reading_club.testing.contracts import eventstream

__all__ = [
    "TestAttempts",
    "TestConvertedSubscriptions",
    "TestDeadLetterCommands",
    "TestDeadLetterGroups",
    "TestDeadLetters",
    "TestEventLives",
    "TestEventLivesWithFailures",
    "TestFailures",
    "TestHeartbeats",
    "TestInbox",
    "TestMessageContext",
    "TestMessageLists",
    "TestMessageStore",
    "TestMissingEvents",
    "TestOutbox",
    "TestOutboxDeferring",
    "TestOutboxLeases",
    "TestOutboxSplit",
    "TestOutside",
    "TestPauses",
    "TestPerMinute",
    "TestPublication",
    "TestReconciliationExclusions",
    "TestRedaction",
    "TestReplays",
    "TestReturnedMessages",
    "TestStatistics",
    "TestStreamState",
    "TestTransactions",
    "TestWrongClock",
]


class TestTransactions(eventstream.TransactionContract):
    """The transactions of a unit of work."""


class TestPublication(eventstream.PublicationContract):
    """The publication of committed events."""


class TestMessageStore(eventstream.MessageStoreContract):
    """The message store."""


class TestMessageContext(eventstream.MessageContextContract):
    """The contexts of messages."""


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


class TestRedaction(eventstream.RedactionContract):
    """The redaction of the history."""


class TestStatistics(eventstream.StatisticsContract):
    """Counts and ages of outbox and subscribers."""


class TestStreamState(eventstream.StreamStateContract):
    """The state of a stream, for metrics."""


class TestPerMinute(eventstream.PerMinuteContract):
    """Events for each minute."""


class TestOutside(eventstream.OutsideContract):
    """Subscribers outside."""


class TestConvertedSubscriptions(eventstream.ConvertedSubscriptionsContract):
    """Subscribers that get events in another version than the stored one."""


class TestReplays(eventstream.ReplaysContract):
    """Replays of the history."""


class TestPauses(eventstream.PausesContract):
    """Pauses of subscribers."""


class TestReturnedMessages(eventstream.ReturnedMessagesContract):
    """Messages that were returned to the broker before they were handled."""


class TestFailures(eventstream.FailuresContract):
    """The failed attempts."""


class TestEventLives(eventstream.EventLivesContract):
    """The lives of events."""


class TestEventLivesWithFailures(eventstream.EventLivesWithFailuresContract):
    """The lives of events that failed, waited or got lost."""


class TestMessageLists(eventstream.MessageListsContract):
    """The lists of messages."""


class TestDeadLetterGroups(eventstream.DeadLetterGroupsContract):
    """The groups of dead letters."""
