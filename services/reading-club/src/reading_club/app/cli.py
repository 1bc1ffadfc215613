"""The command ``reading-club``."""

import asyncio
import json
import sys
from typing import NoReturn

import click
from pydantic import ValidationError

from reading_club.app import logs
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.service.projections import SUBSCRIBERS


class Cli(click.Group):
    """A group whose commands end with one line, and not a traceback, on a wrong setting."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ConfigurationError as exc:
            _fail(str(exc))


def _fail(reason: str) -> NoReturn:
    click.echo(f"reading-club: {reason}", err=True)
    sys.exit(2)


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False)
        names = [f"READING_CLUB_{'.'.join(map(str, e['loc']))}".upper() for e in errors]
        _fail("; ".join(f"{n}: {e['msg']}" for n, e in zip(names, errors, strict=True)))
    logs.configure(settings.log_level)
    return settings


@click.group(cls=Cli)
@click.version_option(package_name="reading-club")
def main() -> None:
    """Run a reading club: a shelf of books, its members' reviews, and what happens."""


@main.command()
def run() -> None:
    """Run the whole club in one data folder; Ctrl-C stops all of it."""
    from reading_club.app.embedded.run import run as run_club

    run_club(_settings(), lambda url: click.echo(f"The club is open: {url}  (Ctrl-C closes it)"))


@main.command()
def web() -> None:
    """Serve the API and the pages."""
    from reading_club.app.serve import serve

    serve(_settings())


@main.command()
@click.option(
    "--subscriber",
    type=click.Choice([s.name for s in SUBSCRIBERS]),
    default=SUBSCRIBERS[0].name,
    show_default=True,
    help="Whose events to handle.",
)
@click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True)
def worker(subscriber: str, concurrency: int) -> None:
    """Handle the events of one subscriber."""
    from reading_club.app.worker import work

    work(_settings(), subscriber, concurrency)


@main.command()
def migrate() -> None:
    """Bring the schema of the database to the newest version."""
    from reading_club.adapters.uow_sqla import migrations
    from reading_club.app.composition import open_engine

    async def to_head() -> str:
        async with open_engine(settings) as engine:
            await migrations.upgrade(engine)
            return await migrations.current(engine) or "none"

    settings = _settings()
    click.echo(f"the database is at schema {asyncio.run(to_head())}")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(*, as_json: bool) -> None:
    """Tell how the club is doing; exit code 1 if it cannot serve."""
    from reading_club.app.status import Status, status_of

    report: Status = asyncio.run(status_of(_settings()))
    if as_json:
        click.echo(json.dumps(report.model_dump(), indent=2))
    else:
        for line in report.lines():
            click.echo(line)
    sys.exit(1 if report.health.status == "unavailable" else 0)
