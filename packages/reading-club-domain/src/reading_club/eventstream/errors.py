"""Errors of the event stream: misuse, and a database or broker that is unavailable."""

from typing import Final
from uuid import UUID


class EventstreamError(Exception):
    """Base of every error of the event stream and of its storage."""


class TransientFailure(EventstreamError):
    """Something that is needed is away or busy; the same request may work later."""


class WriteConflict(TransientFailure):
    """Another transaction changed the same thing first; run the command again."""


class UnitOfWorkClosed(EventstreamError):
    """The unit of work is used outside its transaction; a bug of the caller."""


class UnitOfWorkInUse(EventstreamError):
    """The unit of work is entered a second time while it is open; a bug of the caller."""


class MessageAlreadyStored(EventstreamError):
    """A message with this id is in the message store already; a bug of the caller."""


class UnwantedEvent(EventstreamError):
    """No subscriber's queue wants events of this type; nothing was stored. A bug of the caller."""

    def __init__(self, type_: str) -> None:
        super().__init__(f"no queue wants events of the type {type_}")
        self.type = type_


class StorageUnavailable(TransientFailure):
    """The database cannot be reached, or refuses the statement at present.

    The text is for people and holds no secret, for example ``the database is read-only``.
    """


class StorageBusy(StorageUnavailable):
    """The database is reachable but did not finish this statement in time: a lock or a timeout.

    Other statements may succeed meanwhile.
    """


BUSY: Final = (StorageBusy, WriteConflict)
"""Errors of a database that answers: one message alone may be the cause."""


class CommitInDoubt(StorageUnavailable):
    """The connection was lost during COMMIT: whether the transaction took effect is unknown.

    ``identifier``, if known, is the id to look up, or to send the same command with again.
    """

    def __init__(self, reason: str, identifier: UUID | None = None) -> None:
        how = "" if identifier is None else f"; ask for the id {identifier}, or send the same again"
        super().__init__(f"{reason}: whether it was stored is unknown{how}")
        self.reason = reason
        self.identifier = identifier


class EventstreamUnavailable(TransientFailure):
    """The broker did not confirm the message in time. Whether the broker has it is unknown."""


class QueueRefused(TransientFailure):
    """The broker refuses to declare a subscriber's queue; other queues may work.

    The text names the queue and the reason for people, and holds no secret.
    """


class QueueDiffers(QueueRefused):
    """The queue exists on the broker with other arguments: no retry mends that.

    The text says what to do.
    """

    def __init__(self, queue: str) -> None:
        super().__init__(
            f"queue {queue} exists on the broker with other arguments than this release declares "
            "(PRECONDITION_FAILED): stop its workers, delete it by `rabbitmqctl delete_queue "
            f"{queue}`, and start them again; the reconciler sends its events again"
        )
        self.queue = queue


class ReplayRefused(EventstreamError):
    """The history cannot be given to a subscriber with effect once; the text says why."""


class RebuildRefused(EventstreamError):
    """The projection cannot be built from the history; the text says why, and what to do."""


class RebuildEnded(EventstreamError):
    """There is no rebuild of the projection any more: it was finished or cancelled elsewhere."""


class EventNotRebuilt(EventstreamError):
    """A handler fails for an event of the history, which the live rows may have.

    The rebuild stays where it is, and goes on from there.
    """

    def __init__(self, message_id: str, reason: str) -> None:
        super().__init__(f"the event {message_id} cannot be handled: {reason}")
        self.message_id = message_id


class UnreadableMessage(EventstreamError):
    """The message is no valid envelope, or its payload is no valid event of its type."""


class UnknownEvent(UnreadableMessage):
    """The envelope is valid, but this release has no event of its type (name and version)."""
