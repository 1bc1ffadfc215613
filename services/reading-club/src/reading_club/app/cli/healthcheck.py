"""The command ``reading-club healthcheck``."""

import sys

import click

from reading_club.app.cli.support import read_settings
from reading_club.service.subscribers import SUBSCRIBERS


@click.command()
@click.argument("role", type=click.Choice(["web", "relay", "worker"]))
@click.option(
    "--subscriber",
    type=click.Choice([s.name for s in SUBSCRIBERS]),
    help="Whose worker; without it, those of all that run on this machine.",
)
def healthcheck(role: str, subscriber: str | None) -> None:
    """Tell whether a process on this machine works, for containers: exit code 0 or 1.

    web has to answer within 5 seconds. Relay and worker have to make progress, which a file in the
    data folder tells. Neither database nor broker is asked: to restart a process ends no outage.
    """
    from reading_club.app.healthcheck import Unhealthy, check_process, check_web

    if subscriber and role != "worker":
        raise click.UsageError("--subscriber is for workers")
    settings = read_settings()
    try:
        web = role == "web"
        said = check_web(settings) if web else check_process(settings, role, subscriber or "")
    except Unhealthy as exc:
        click.echo(exc)
        sys.exit(1)
    click.echo(said)
