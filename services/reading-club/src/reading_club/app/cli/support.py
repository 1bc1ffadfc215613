"""CLI support: settings from the environment, errors in one line, migration at the start."""

import asyncio
import sys
from typing import NoReturn

import click
from pydantic import ValidationError

from reading_club.app import logs
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.eventstream.errors import TransientFailure


class Cli(click.Group):
    """Ends a command with one line and exit code 2 on ConfigurationError or TransientFailure."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ConfigurationError as exc:
            fail(str(exc))
        except TransientFailure as exc:
            fail(_reason(exc))


def _reason(exc: TransientFailure) -> str:
    """Return the setting to correct, if one is the cause, else the message of the failure."""
    from reading_club.app.bootstrap.database import raise_wrong_setting

    try:
        raise_wrong_setting(exc)
    except ConfigurationError as wrong:
        return str(wrong)
    return str(exc)


def fail(reason: str) -> NoReturn:
    """Print the reason to standard error, and exit with 2."""
    click.echo(f"reading-club: {reason}", err=True)
    sys.exit(2)


def read_settings() -> Settings:
    """Return the settings of the environment, and configure logging; exit with 2 on wrong ones."""
    try:
        settings = Settings()
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False)
        names = [f"READING_CLUB_{'.'.join(map(str, e['loc']))}".upper() for e in errors]
        fail("; ".join(f"{n}: {e['msg']}" for n, e in zip(names, errors, strict=True)))
    logs.configure(settings.log_level)
    return settings


def bring_schema_up(settings: Settings, *, wait: bool = False) -> str:
    """Upgrade the schema unless it is newer than this release; return a sentence on its version.

    ``wait`` retries while the database is unavailable; SIGINT or SIGTERM then exits with 0.
    Raises ConfigurationError if this release does not work with the schema.
    """
    from reading_club.app.bootstrap.database import upgrade_schema

    if not wait:
        return asyncio.run(upgrade_schema(settings))
    from reading_club.app.processes.startup import run_until_available

    sentence = run_until_available(lambda: upgrade_schema(settings))
    if sentence is None:
        sys.exit(0)
    return sentence
