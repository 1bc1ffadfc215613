"""The command ``reading-club``."""

import asyncio
import json
import sys
from typing import NoReturn

import click
from pydantic import ValidationError

from reading_club.app import logs
from reading_club.app.addresses import ConfigurationError
from reading_club.app.settings import Settings
from reading_club.domain.errors import TransientFailure
from reading_club.service.projections import SUBSCRIBERS


class Cli(click.Group):
    """A group whose commands end with one line, and not a traceback, on what is wrong outside."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (ConfigurationError, TransientFailure) as exc:
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


def _migrate(settings: Settings) -> str:
    from reading_club.adapters.uow_sqla import migrations
    from reading_club.app.composition import open_engine

    async def to_head() -> str:
        async with open_engine(settings) as engine:
            await migrations.upgrade(engine)
            return migrations.head()

    return asyncio.run(to_head())


@click.group(cls=Cli)
@click.version_option(package_name="reading-club")
def main() -> None:
    """Run a reading club: a shelf of books, its members' reviews, and what happens."""


@main.command()
def run() -> None:
    """Run the whole club in one data folder; Ctrl-C stops all of it."""
    from reading_club.app.embedded.run import run as run_club

    run_club(_settings(), lambda url: click.echo(f"The club is open: {url}  (Ctrl-C closes it)"))


MIGRATE = click.option("--migrate", is_flag=True, help="Bring the schema up before the start.")


@main.command()
@MIGRATE
def web(*, migrate: bool) -> None:
    """Serve the API and the pages."""
    from reading_club.app.serve import serve

    settings = _settings()
    if migrate:
        _migrate(settings)
    serve(settings)


@main.command()
@click.option(
    "--subscriber",
    type=click.Choice([s.name for s in SUBSCRIBERS]),
    default=SUBSCRIBERS[0].name,
    show_default=True,
    help="Whose events to handle.",
)
@click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True)
@MIGRATE
def worker(subscriber: str, concurrency: int, *, migrate: bool) -> None:
    """Handle the events of one subscriber."""
    from reading_club.app.worker import work

    settings = _settings()
    if migrate:
        _migrate(settings)
    work(settings, subscriber, concurrency)


@main.command()
def migrate() -> None:
    """Bring the schema of the database to the newest version."""
    click.echo(f"the database is at schema {_migrate(_settings())}")


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
