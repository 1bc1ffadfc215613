"""The command ``reading-club import``: a file for a member, followed to its end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from reading_club.app.application import Application
from reading_club.app.imports import get_import, rejections
from reading_club.domain.errors import Refusal
from reading_club.eventstream.command_line import CommandFailed
from reading_club.service.accounts.accounts import Account
from reading_club.service.imports.book_imports import BookImport, ImportState
from reading_club.service.imports.import_rows import ImportRow, Sums
from reading_club.service.imports.reading import store_file

POLL: Final = 0.5
"""Seconds between two looks at the import."""
TOLD_AFTER: Final = 15.0
"""Seconds without a handled row, after which that is told once."""
WAITING: Final = (
    "no row was handled for some time: an import needs `reading-club run`, or a relay and a "
    "worker of imports. It goes on when they run, also if you stop this command"
)


async def pause() -> None:
    """Wait before the next look."""
    await asyncio.sleep(POLL)


async def import_file(
    application: Application,
    file: Path,
    nickname: str,
    show: Callable[[Sums], None],
    tell: Callable[[str], None],
) -> BookImport:
    """Store the rows of a file, and wait until they are handled; return the finished import.

    ``show`` gets the sums, again and again, and ``tell`` what a person should know. If this is
    interrupted after the rows were stored, the import goes on. Raises CommandFailed, also if
    the member stops the import, and TransientFailure.
    """
    account = await _account_of(application, nickname)
    try:
        with file.open("rb") as content:  # nothing else runs in this process
            import_id = await store_file(content, account.id, application.writing)
        return await _followed(application, account, import_id, show, tell)
    except OSError as exc:
        raise CommandFailed(f"{file} cannot be read: {exc.strerror}") from exc
    except Refusal as exc:
        raise CommandFailed(str(exc)) from exc


async def _account_of(application: Application, nickname: str) -> Account:
    async with application.reading() as uow:
        credentials = await uow.accounts.credentials(nickname)
    if credentials is None:
        raise CommandFailed(f"no member has the nickname {nickname!r}")
    return credentials.account


async def _followed(
    application: Application,
    account: Account,
    id: UUID,
    show: Callable[[Sums], None],
    tell: Callable[[str], None],
) -> BookImport:
    told = False
    while True:
        found = await get_import(application, account, id)
        show(found.sums)
        if found.state is ImportState.FINISHED:
            return found
        if found.state is ImportState.STOPPED:
            raise CommandFailed("the import was stopped; its member may let it go on")
        is_late = (datetime.now(UTC) - found.changed_at).total_seconds() > TOLD_AFTER
        if is_late and not told:
            tell(WAITING)
        told = told or is_late
        await pause()


async def rejected_rows_of(application: Application, found: BookImport) -> AsyncIterator[ImportRow]:
    """Yield the rejected rows in the order of the file."""
    async for rows in rejections(application, found):
        for row in rows:
            yield row
