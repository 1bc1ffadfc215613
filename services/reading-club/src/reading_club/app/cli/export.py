"""The command ``reading-club export``."""

import asyncio
from pathlib import Path

import click

from reading_club.app.cli.support import read_settings


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--member", metavar="NICKNAME", help="With the ratings and reviews of this member.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def export_command(file: Path, member: str | None, *, force: bool) -> None:
    """Write the books of the shelf to FILE, as CSV in the format of Goodreads.

    FILE appears when it is complete, and only its owner may read it.
    """
    from reading_club.app.export import export

    def tell(line: str) -> None:
        click.echo(line, err=True)

    number = asyncio.run(export(read_settings(), file, member, force=force, tell=tell))
    click.echo(f"{file}: {number:,} books")
