"""Rows of the tables of imports as objects, and back."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import in_values
from reading_club.service.imports.book_imports import BookImport, ImportState
from reading_club.service.imports.import_rows import ImportRow, Outcome, Sums

LONGEST_FIELD: Final = 200
LONGEST_REASON: Final = 500


def to_json(cells: tuple[str, ...]) -> str | None:
    """Return the cells as JSON, None for no cells."""
    return json.dumps(cells, ensure_ascii=False) if cells else None


def table_row(id: UUID, row: ImportRow) -> dict[str, Any]:
    """Return the values of a row of ``import_rows``."""
    return {
        "import_id": id,
        "line": row.line,
        "cells": to_json(row.cells),
        "outcome": None if row.outcome is None else row.outcome.value,
        "field": row.field[:LONGEST_FIELD],
        "reason": row.reason[:LONGEST_REASON],
    }


def import_row(row: Row[Any]) -> ImportRow:
    """Return the row of a row of ``import_rows``."""
    outcome = None if row.outcome is None else Outcome(row.outcome)
    return ImportRow(row.line, cells_of(row.cells), outcome, row.field, row.reason)


def cells_of(text: str | None) -> tuple[str, ...]:
    """Return the cells of their JSON."""
    return tuple(json.loads(text)) if text else ()


def _book_import(row: Row[Any], numbers: Mapping[str | None, int]) -> BookImport:
    """Return the import of a row of ``imports``, with the numbers of its rows by outcome."""
    return BookImport(
        id=row.id,
        account_id=row.account_id,
        format=row.format,
        columns=cells_of(row.columns),
        state=ImportState(row.state),
        created_at=row.created_at,
        changed_at=row.changed_at,
        sums=Sums(numbers.get(None, 0), *(numbers.get(outcome, 0) for outcome in Outcome)),
    )


async def select_imports(
    session: Session, *conditions: ColumnElement[bool]
) -> Sequence[BookImport]:
    """Select imports, the newest first, and count their rows."""
    imports, rows = orm.imports.c, orm.import_rows.c
    newest = select(*imports).where(*conditions)
    newest = newest.order_by(imports.created_at.desc(), imports.id.desc())
    found = (await session.read(newest)).all()
    numbers: dict[UUID, dict[str | None, int]] = defaultdict(dict)
    if found:
        of_these = in_values(session, rows.import_id, [row.id for row in found])
        grouped = (rows.import_id, rows.outcome)
        count = select(*grouped, func.count().label("number")).where(of_these).group_by(*grouped)
        for row in await session.read(count):
            numbers[row.import_id][row.outcome] = row.number
    return [_book_import(row, numbers[row.id]) for row in found]
