"""The commands ``reading-club backup`` and ``restore``."""

from datetime import UTC, datetime
from pathlib import Path

import click

from reading_club.app.cli.support import read_settings

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def backup_command(file: Path, *, force: bool) -> None:
    """Copy the database of the club to FILE, also while the club runs.

    The copy has the state of one moment, and no writer waits. FILE appears when the copy is
    complete and checked. For PostgreSQL, the exit code is 2, and the reason has what to call.
    """
    from reading_club.app.backup.backup import backup

    settings, moment = read_settings(), datetime.now(UTC)
    contents = backup(settings, file, force=force)
    click.echo(f"{file}: the club of {moment:%Y-%m-%d %H:%M:%S} UTC. {contents}")


@click.command("restore")
@click.argument("file", type=FILE)
def restore_command(file: Path) -> None:
    """Put the copy FILE in place of the database. The club has to be stopped.

    The database from before is kept beside the new one. What waits at the embedded broker is
    discarded: part of it may be of the time after the copy.
    """
    from reading_club.app.backup.restore import restore

    settings = read_settings()
    done = restore(settings, file)
    click.echo(f"restored from {file}: {done.contents}")
    if done.revision != done.contents.revision:
        click.echo(f"its schema was upgraded to {done.revision}")
    if done.kept is not None:
        click.echo(f"the database from before is kept: {done.kept}")
    if done.requeued:
        click.echo(f"{done.requeued} events are sent again when the club runs")
    if settings.broker_url is not None:
        click.echo("before the start: `reading-club reconcile --after-restore` empties the queues")
