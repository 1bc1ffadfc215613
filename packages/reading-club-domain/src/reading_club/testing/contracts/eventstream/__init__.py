"""Contract tests of the event stream's ports, under any domain.

Subclass a contract in a test module and provide the fixtures that its docstring names:
``uow_factory`` (see ``UnitOfWorkFactory``), ``transport``, and ``make_event`` (see ``MakeEvent``),
which returns events of the domain. The contracts of outbox and reconciler need ``uow_on``,
``outbox`` and ``pass_time`` as well: see ``OutboxContract``.
"""

from reading_club.testing.contracts.eventstream.attempts import AttemptsContract
from reading_club.testing.contracts.eventstream.context import MessageContextContract
from reading_club.testing.contracts.eventstream.converted_subscriptions import (
    ConvertedSubscriptionsContract,
)
from reading_club.testing.contracts.eventstream.dead_letter_commands import (
    DeadLetterCommandsContract,
)
from reading_club.testing.contracts.eventstream.dead_letter_groups import DeadLetterGroupsContract
from reading_club.testing.contracts.eventstream.dead_letters import DeadLettersContract, a_letter
from reading_club.testing.contracts.eventstream.deferral import OutboxDeferringContract
from reading_club.testing.contracts.eventstream.event_lives import EventLivesContract
from reading_club.testing.contracts.eventstream.event_lives_with_failures import (
    EventLivesWithFailuresContract,
)
from reading_club.testing.contracts.eventstream.failures import FailuresContract
from reading_club.testing.contracts.eventstream.heartbeats import HeartbeatsContract, a_process
from reading_club.testing.contracts.eventstream.helpers import (
    MakeEvent,
    PassTime,
    UnitOfWorkFactory,
    UnitOfWorkOn,
)
from reading_club.testing.contracts.eventstream.inbox import InboxContract
from reading_club.testing.contracts.eventstream.message_lists import MessageListsContract
from reading_club.testing.contracts.eventstream.message_store import History, MessageStoreContract
from reading_club.testing.contracts.eventstream.outbox import OutboxContract
from reading_club.testing.contracts.eventstream.outbox_leases import OutboxLeaseContract
from reading_club.testing.contracts.eventstream.outbox_split import OutboxSplitContract
from reading_club.testing.contracts.eventstream.outside import OutsideContract
from reading_club.testing.contracts.eventstream.pauses import (
    PausesContract,
    ReturnedMessagesContract,
)
from reading_club.testing.contracts.eventstream.per_minute import PerMinuteContract
from reading_club.testing.contracts.eventstream.publication import PublicationContract
from reading_club.testing.contracts.eventstream.reconciliation import HORIZON, MissingEventsContract
from reading_club.testing.contracts.eventstream.reconciliation_exclusions import (
    ReconciliationExclusionsContract,
    WrongClockContract,
)
from reading_club.testing.contracts.eventstream.redaction import RedactionContract
from reading_club.testing.contracts.eventstream.replays import ReplaysContract
from reading_club.testing.contracts.eventstream.statistics import StatisticsContract
from reading_club.testing.contracts.eventstream.stream_state import StreamStateContract
from reading_club.testing.contracts.eventstream.unit_of_work import TransactionContract

__all__ = [
    "HORIZON",
    "AttemptsContract",
    "ConvertedSubscriptionsContract",
    "DeadLetterCommandsContract",
    "DeadLetterGroupsContract",
    "DeadLettersContract",
    "EventLivesContract",
    "EventLivesWithFailuresContract",
    "FailuresContract",
    "HeartbeatsContract",
    "History",
    "InboxContract",
    "MakeEvent",
    "MessageContextContract",
    "MessageListsContract",
    "MessageStoreContract",
    "MissingEventsContract",
    "OutboxContract",
    "OutboxDeferringContract",
    "OutboxLeaseContract",
    "OutboxSplitContract",
    "OutsideContract",
    "PassTime",
    "PausesContract",
    "PerMinuteContract",
    "PublicationContract",
    "ReconciliationExclusionsContract",
    "RedactionContract",
    "ReplaysContract",
    "ReturnedMessagesContract",
    "StatisticsContract",
    "StreamStateContract",
    "TransactionContract",
    "UnitOfWorkFactory",
    "UnitOfWorkOn",
    "WrongClockContract",
    "a_letter",
    "a_process",
]
