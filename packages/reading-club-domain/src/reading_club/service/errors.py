"""Errors of the service layer: misuse of its parts, and an event stream that is away."""

from uuid import UUID

from reading_club.domain.errors import ReadingClubError, TransientFailure


class UnitOfWorkClosed(ReadingClubError):
    """The unit of work is used outside its transaction; a bug of the caller."""


class UnitOfWorkInUse(ReadingClubError):
    """The unit of work is entered a second time while it is open; a bug of the caller."""


class MessageAlreadyStored(ReadingClubError):
    """A message with this id is in the history already; a bug of the caller."""


class CommandNotHandled(ReadingClubError):
    """No handler is registered for the command; a bug of the composition."""


class StorageUnavailable(TransientFailure):
    """The database cannot be reached, or will not do this now.

    Its text is a reason for people and holds no secret, such as ``the database is read-only``.
    """


class StorageBusy(StorageUnavailable):
    """The database answers, but did not finish this statement in time: a lock or a time limit.

    It may be the trouble of this one statement, while others succeed.
    """


class CommitInDoubt(StorageUnavailable):
    """The connection was lost during COMMIT: whether the transaction took effect is unknown.

    ``identifier`` is the id to ask for, and to send the same command with again, if it is known.
    """

    def __init__(self, reason: str, identifier: UUID | None = None) -> None:
        how = "" if identifier is None else f"; ask for the id {identifier}, or send the same again"
        super().__init__(f"{reason}: whether it was stored is unknown{how}")
        self.reason = reason
        self.identifier = identifier


class EventstreamUnavailable(TransientFailure):
    """The broker did not take the message in time. Whether it has it is unknown."""


class QueueRefused(TransientFailure):
    """The broker does not let a subscriber's queue be what it has to be; others may be well.

    Its text is a reason for people, with the name of the queue, and holds no secret.
    """
