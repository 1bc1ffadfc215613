"""The rows of imports, in memory."""

from collections.abc import Sequence
from uuid import UUID

from reading_club.adapters.memory.accounts.tables import AccountTables, ImportTableRow
from reading_club.service.imports.errors import ImportNotFound
from reading_club.service.imports.import_rows import ImportRow, Outcome, Sums


def stored_import(tables: AccountTables, account_id: UUID, id: UUID) -> ImportTableRow:
    """Return the import of this account. Raises ImportNotFound."""
    row = tables.imports.get(id)
    if row is None or row.account_id != account_id:
        raise ImportNotFound(id)
    return row


def waiting_rows(tables: AccountTables, id: UUID) -> Sequence[ImportRow]:
    """Return the rows that wait, the last of the file first."""
    rows = (row for (key, _), row in tables.import_rows.items() if key == id)
    return sorted((row for row in rows if row.outcome is None), key=lambda row: -row.line)


def sums_of(tables: AccountTables, id: UUID) -> Sums:
    """Count the rows of an import."""
    outcomes = [row.outcome for (key, _), row in tables.import_rows.items() if key == id]
    return Sums(outcomes.count(None), *(outcomes.count(outcome) for outcome in Outcome))
