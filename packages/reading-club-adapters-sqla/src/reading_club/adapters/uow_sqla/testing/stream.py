"""The contracts of the event stream on SQL."""

from reading_club.testing import contracts


class TestOutbox(contracts.OutboxContract):
    """The outbox on SQL."""


class TestOutboxDeferring(contracts.OutboxDeferringContract):
    """Events that are put off, on SQL."""


class TestOutboxLeases(contracts.OutboxLeaseContract):
    """The leases of the outbox on SQL."""


class TestOutboxSplit(contracts.OutboxSplitContract):
    """The rows for each subscriber on SQL."""


class TestInbox(contracts.InboxContract):
    """The inbox on SQL."""


class TestAttempts(contracts.AttemptsContract):
    """The attempts on SQL."""


class TestReceipts(contracts.ReceiptsContract):
    """The receipts on SQL."""


class TestNotMissing(contracts.NotMissingContract):
    """What is not missing on SQL."""


class TestWrongClock(contracts.WrongClockContract):
    """Events from a process with a wrong clock, on SQL."""


class TestCatalogue(contracts.CatalogueContract):
    """The catalogue on SQL."""


class TestHeartbeats(contracts.HeartbeatsContract):
    """The heartbeats on SQL."""


class TestLetterOffice(contracts.LetterOfficeContract):
    """The letter office on SQL."""
