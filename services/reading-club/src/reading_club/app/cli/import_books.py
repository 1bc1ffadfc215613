"""The command ``reading-club import``."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reading_club.app.cli.support import read_settings
from reading_club.app.settings import Settings
from reading_club.service.imports.import_rows import Sums

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--member", metavar="NICKNAME", required=True, help="Whose ratings and reviews.")
def import_command(file: Path, member: str) -> None:
    """Import the books, ratings and reviews of FILE for a member.

    FILE is the export of Goodreads, StoryGraph or a club, or has an ISBN a line. The running club
    handles the rows: the import goes on if this command is stopped, and the same FILE again does
    nothing twice. Each row that was rejected is told, with its line and the reason.
    """
    asyncio.run(_import(read_settings(), file, member))


async def _import(settings: Settings, file: Path, member: str) -> None:
    from reading_club.app.bootstrap.web import open_application_without_broker
    from reading_club.app.importing import import_file, rejected_rows_of

    bar: ProgressBar[Any] = click.progressbar(length=1, label=file.name, width=0)

    def show(sums: Sums) -> None:
        bar.length = max(sums.rows, 1)
        bar.update(sums.handled - bar.pos)

    def tell(line: str) -> None:
        click.echo(line, err=True)

    async with open_application_without_broker(settings) as application:
        with bar:
            found = await import_file(application, file, member, show, tell)
        async for row in rejected_rows_of(application, found):
            tell(str(row.rejection))
    sums = found.sums
    click.echo(
        f"{file}: {sums.rows:,} rows: {sums.added:,} added, {sums.known:,} known, "
        f"{sums.rejected:,} rejected, {sums.skipped:,} skipped"
    )
