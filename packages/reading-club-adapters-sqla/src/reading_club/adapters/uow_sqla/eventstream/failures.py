"""The failed attempts on SQL."""

from sqlalchemy import ColumnElement, exists

from reading_club.adapters.uow_sqla.eventstream.history import redacted_message
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import has_key, insert_new
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.redaction import redacted_error


class SQLFailures:
    """The failed attempts, in the table ``failures``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def record(self, inbox_key: InboxKey, number: int, error: str) -> None:
        """Insert a row; its error is redacted if the message was."""
        await self._insert(inbox_key, number, error)

    async def record_lost(self, inbox_key: InboxKey, number: int, error: str) -> None:
        """Insert a row, unless one with this number is there."""
        failures = self.session.tables.failures
        known = exists().where(has_key(failures, inbox_key), failures.c.number == number)
        await self._insert(inbox_key, number, error, ~known)

    async def _insert(
        self, inbox_key: InboxKey, number: int, error: str, *conditions: ColumnElement[bool]
    ) -> None:
        if await redacted_message(self.session, inbox_key.message_id):
            error = redacted_error(error)
        row = {**inbox_key._asdict(), "number": number, "error": error}
        await insert_new(self.session, self.session.tables.failures, row, *conditions)
