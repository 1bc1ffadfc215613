"""The command ``reading-club``."""

import asyncio
import json
import sys

import click

from reading_club.app.cli.backup import backup_command, restore_command
from reading_club.app.cli.dead_letters import dead_letters
from reading_club.app.cli.describe import asyncapi, describe
from reading_club.app.cli.doctor import doctor
from reading_club.app.cli.events import events
from reading_club.app.cli.export import export_command
from reading_club.app.cli.healthcheck import healthcheck
from reading_club.app.cli.import_books import import_command
from reading_club.app.cli.members import members
from reading_club.app.cli.rebuild import rebuild_command
from reading_club.app.cli.replay import replay_command
from reading_club.app.cli.subscribers import subscribers
from reading_club.app.cli.support import Cli, read_settings
from reading_club.app.cli.tokens import tokens
from reading_club.service.subscribers import SUBSCRIBERS


@click.group(cls=Cli)
@click.version_option(package_name="reading-club")
def main() -> None:
    """Run a reading club: a shelf of books, its members' reviews, and what happens."""


@main.command()
@click.option("--verbose", is_flag=True, help="Show the logs of all processes, and write no files.")
def run(*, verbose: bool) -> None:
    """Run the whole club in one data folder; Ctrl-C stops all of it."""
    from reading_club.app.embedded.run import run as run_club

    run_club(read_settings("run"), verbose=verbose)


MIGRATE = click.option("--migrate", is_flag=True, help="Bring the schema up before the start.")


@main.command()
@MIGRATE
@click.option("--open-until-claimed", is_flag=True, hidden=True)  # of the command run
def web(*, migrate: bool, open_until_claimed: bool) -> None:
    """Serve the API and the pages."""
    from reading_club.app.processes.web import serve

    settings = read_settings("web", migrate=migrate)
    asyncio.run(serve(settings, open_until_claimed=open_until_claimed))


@main.command()
@click.option(
    "--subscriber",
    type=click.Choice([s.name for s in SUBSCRIBERS]),
    help="Whose events to handle; without it, those of all, in a process for each.",
)
@click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True)
@MIGRATE
def worker(subscriber: str | None, concurrency: int, *, migrate: bool) -> None:
    """Handle the events of one subscriber, or of all."""
    role = "worker" if subscriber is None else f"worker {subscriber}"
    settings = read_settings(role, migrate=migrate)
    if subscriber is None:
        from reading_club.app.processes.all_workers import work_for_all

        work_for_all(settings, concurrency)
    else:
        from reading_club.app.processes.worker import work

        work(settings, subscriber, concurrency)


@main.command()
@MIGRATE
def relay(*, migrate: bool) -> None:
    """Send the events that wait in the outbox; any number of relays may run."""
    from reading_club.app.processes.relay import relay

    asyncio.run(relay(read_settings("relay", migrate=migrate)))


@main.command()
@click.option(
    "--after-restore",
    is_flag=True,
    help="Once, before the start: empty the queues, and send what the restored database misses.",
)
def reconcile(*, after_restore: bool) -> None:
    """Send again, once and now, what was published and did not reach a subscriber."""
    if after_restore:
        from reading_club.app.bootstrap.restored import reconcile_restored

        found = asyncio.run(reconcile_restored(read_settings()))
        click.echo(f"the queues are empty, and a relay will send {found} events again")
        return
    from reading_club.app.processes.relay import reconcile_now

    found, sent = asyncio.run(reconcile_now(read_settings()))
    click.echo(f"{found} events did not arrive" + (" and are sent again" if found else ""))
    if not sent:
        click.echo("the broker is away: a relay sends them when it is back", err=True)


main.add_command(asyncapi)
main.add_command(backup_command)
main.add_command(dead_letters)
main.add_command(describe)
main.add_command(doctor)
main.add_command(events)
main.add_command(export_command)
main.add_command(healthcheck)
main.add_command(import_command)
main.add_command(members)
main.add_command(rebuild_command)
main.add_command(replay_command)
main.add_command(restore_command)
main.add_command(subscribers)
main.add_command(tokens)


@main.command()
def migrate() -> None:
    """Bring the schema of the database to the newest version."""
    from reading_club.app.bootstrap.database import upgrade_schema

    click.echo(asyncio.run(upgrade_schema(read_settings())))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(*, as_json: bool) -> None:
    """Tell how the club is doing, and what is wrong.

    The exit code is 1 if it cannot serve, and 3 if something behind it does not work.
    """
    from reading_club.app.status import status_of

    report = asyncio.run(status_of(read_settings()))
    if as_json:
        click.echo(json.dumps(report.model_dump(mode="json"), indent=2))
    else:
        click.echo("\n".join(report.lines()))
    sys.exit(report.exit_code)
