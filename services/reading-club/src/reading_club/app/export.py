"""The command ``reading-club export``: the shelf as a private file, complete or not there."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from uuid import UUID

from reading_club.app.application import Application
from reading_club.app.backup.durable_files import rename_durably
from reading_club.app.private_files import is_file
from reading_club.app.settings import Settings
from reading_club.eventstream.command_line import CommandFailed
from reading_club.service.book_files.exported_books import HEADER, export_line
from reading_club.service.book_files.shelf_export import shelf_pages

TOLD_AFTER = 1_000
"""Books between two lines of progress."""


async def export(
    settings: Settings,
    file: Path,
    nickname: str | None,
    *,
    force: bool,
    tell: Callable[[str], None],
) -> int:
    """Write the books, with the reviews of this member, to a file of mode 0600; return how many.

    The file appears under its name when it is complete and on the disk. ``force`` replaces an
    existing one. ``tell`` gets lines of progress. Raises CommandFailed, and TransientFailure.
    """
    from reading_club.app.bootstrap.web import open_application_without_broker

    _require_free(file, force=force)
    async with open_application_without_broker(settings) as application:
        reviewer_id = await _reviewer_of(application, nickname)
        try:
            with _complete_or_absent(file) as text:
                return await _write(application, reviewer_id, text, tell)
        except OSError as exc:
            raise CommandFailed(f"{file} cannot be written: {exc.strerror}") from exc


def _require_free(file: Path, *, force: bool) -> None:
    if file.exists() and not is_file(file):
        raise CommandFailed(f"{file} is no file that an export may replace")
    if file.exists() and not force:
        raise CommandFailed(f"{file} exists: give another name, or --force to replace it")


async def _reviewer_of(application: Application, nickname: str | None) -> UUID | None:
    if nickname is None:
        return None
    async with application.reading() as uow:
        credentials = await uow.accounts.credentials(nickname)
    if credentials is None:
        raise CommandFailed(f"no member has the nickname {nickname!r}")
    return credentials.account.reviewer_id


async def _write(
    application: Application, reviewer_id: UUID | None, text: TextIO, tell: Callable[[str], None]
) -> int:
    text.write(HEADER)
    number = told = 0
    async for page in shelf_pages(application.reading, reviewer_id):
        text.writelines(map(export_line, page))
        number += len(page)
        if number >= told + TOLD_AFTER:
            told = number
            tell(f"{number:,} books")
    return number


@contextmanager
def _complete_or_absent(file: Path) -> Iterator[TextIO]:
    """Yield a file that gets its name at the end, and that is removed after an error."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # of mode 0600
    partial = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as text:  # noqa: PTH123  # of a descriptor
            yield text
            text.flush()
            os.fsync(text.fileno())
        rename_durably(partial, file)
    finally:
        partial.unlink(missing_ok=True)
