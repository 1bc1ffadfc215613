"""Why an import is refused, or does not go on."""

from uuid import UUID

from reading_club.domain.errors import Conflict, NotFound
from reading_club.eventstream.errors import WriteConflict


class ImportNotFound(NotFound):
    """The member has no import with this id."""

    kind = "import"


class ImportUnfinished(Conflict):
    """The member has an import that is not finished: end it, or wait for its end."""

    def __init__(self, account_id: UUID) -> None:
        super().__init__("another import of yours is not finished: end it, or wait for its end")
        self.account_id = account_id


class ImportInterrupted(WriteConflict):
    """The import was deleted while its file was read: begin anew."""

    def __init__(self, identifier: UUID) -> None:
        super().__init__("the import was given up while its file was read: begin anew")
        self.identifier = identifier
