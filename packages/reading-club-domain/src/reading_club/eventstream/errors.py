"""Errors of the service layer: misuse, and a database or broker that is unavailable."""

from uuid import UUID

from reading_club.domain.errors import ReadingClubError, TransientFailure


class UnitOfWorkClosed(ReadingClubError):
    """The unit of work is used outside its transaction; a bug of the caller."""


class UnitOfWorkInUse(ReadingClubError):
    """The unit of work is entered a second time while it is open; a bug of the caller."""


class MessageAlreadyStored(ReadingClubError):
    """A message with this id is in the message store already; a bug of the caller."""


class CommandNotHandled(ReadingClubError):
    """No handler is registered for the command; a bug of the composition."""


class StorageUnavailable(TransientFailure):
    """The database cannot be reached, or refuses the statement at present.

    The text is for people and holds no secret, for example ``the database is read-only``.
    """


class StorageBusy(StorageUnavailable):
    """The database is reachable but did not finish this statement in time: a lock or a timeout.

    Other statements may succeed meanwhile.
    """


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
