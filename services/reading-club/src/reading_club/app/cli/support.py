"""CLI support: settings from the environment, errors in one line, migration at the start."""

import asyncio
import sys
from typing import NoReturn

import click
from pydantic import ValidationError

from reading_club.app import logs
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.eventstream.command_line import CommandFailed
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.wiring import WiringError


class Cli(click.Group):
    """Ends a command with one line and exit code 2 if it fails for a known reason."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return self._invoke(ctx)
        except (ConfigurationError, TransientFailure, CommandFailed, WiringError) as exc:
            fail(str(exc))

    def _invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises ConfigurationError if a wrong setting caused its failure."""
        try:
            return super().invoke(ctx)
        except TransientFailure as exc:
            from reading_club.app.bootstrap.database import raise_wrong_setting

            raise_wrong_setting(exc)
            raise


def fail(reason: str) -> NoReturn:
    """Print the reason to standard error, as JSON if lines of the log are, and exit with 2."""
    if not logs.report_failure(reason):
        click.echo(f"reading-club: {reason}", err=True)
    sys.exit(2)


def read_settings(role: str | None = None, *, migrate: bool = False) -> Settings:
    """Return the settings of the environment, and configure logging; exit with 2 on wrong ones.

    ``role`` names the process in lines of its log.
    ``migrate`` upgrades the schema unless it is newer than this release, and waits for an
    unavailable database; SIGINT or SIGTERM then exits with 0. Raises ConfigurationError if this
    release does not work with the schema.
    """
    try:
        settings = Settings()
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False)
        names = [f"READING_CLUB_{'.'.join(map(str, e['loc']))}".upper() for e in errors]
        fail("; ".join(f"{n}: {e['msg']}" for n, e in zip(names, errors, strict=True)))
    logs.configure(settings.log_level, settings.log_format, role)
    if migrate:
        from reading_club.app.bootstrap.database import upgrade_schema
        from reading_club.app.processes.startup import when_available

        if asyncio.run(when_available(lambda: upgrade_schema(settings))) is None:
            sys.exit(0)
    return settings
