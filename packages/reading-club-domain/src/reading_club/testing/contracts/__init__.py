"""Contract tests of the ports, which every adapter runs.

Subclass a contract in a test module and provide the fixture ``uow_factory`` (see
``UnitOfWorkFactory``). The contracts of outbox, inbox and reconciler also need ``uow_on``,
``outbox`` and ``pass_time``: see ``OutboxContract``.
"""

from reading_club.testing.contracts.attempts import AttemptsContract
from reading_club.testing.contracts.book_pages import BookPagesContract
from reading_club.testing.contracts.books import BookRepositoryContract
from reading_club.testing.contracts.catalogue import CatalogueContract
from reading_club.testing.contracts.dead_letter_commands import DeadLetterCommandsContract
from reading_club.testing.contracts.dead_letters import DeadLettersContract, a_letter
from reading_club.testing.contracts.deferral import OutboxDeferringContract
from reading_club.testing.contracts.heartbeats import HeartbeatsContract, a_process
from reading_club.testing.contracts.helpers import PassTime, UnitOfWorkOn
from reading_club.testing.contracts.inbox import InboxContract
from reading_club.testing.contracts.message_store import History, MessageStoreContract
from reading_club.testing.contracts.missing_events import MissingEventsContract
from reading_club.testing.contracts.outbox import OutboxContract
from reading_club.testing.contracts.outbox_leases import OutboxLeaseContract
from reading_club.testing.contracts.outbox_split import OutboxSplitContract
from reading_club.testing.contracts.publication import PublicationContract
from reading_club.testing.contracts.read_models import ReadModelsContract
from reading_club.testing.contracts.reconciliation import HORIZON
from reading_club.testing.contracts.reconciliation_exclusions import (
    ReconciliationExclusionsContract,
)
from reading_club.testing.contracts.reviewers import ReviewerRepositoryContract
from reading_club.testing.contracts.reviews import ReviewRepositoryContract
from reading_club.testing.contracts.statistics import StatisticsContract
from reading_club.testing.contracts.uow import UnitOfWorkContract, UnitOfWorkFactory
from reading_club.testing.contracts.wrong_clock import WrongClockContract

__all__ = [
    "HORIZON",
    "AttemptsContract",
    "BookPagesContract",
    "BookRepositoryContract",
    "CatalogueContract",
    "DeadLetterCommandsContract",
    "DeadLettersContract",
    "HeartbeatsContract",
    "History",
    "InboxContract",
    "MessageStoreContract",
    "MissingEventsContract",
    "OutboxContract",
    "OutboxDeferringContract",
    "OutboxLeaseContract",
    "OutboxSplitContract",
    "PassTime",
    "PublicationContract",
    "ReadModelsContract",
    "ReconciliationExclusionsContract",
    "ReviewRepositoryContract",
    "ReviewerRepositoryContract",
    "StatisticsContract",
    "UnitOfWorkContract",
    "UnitOfWorkFactory",
    "UnitOfWorkOn",
    "WrongClockContract",
    "a_letter",
    "a_process",
]
