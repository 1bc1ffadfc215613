"""What files for deploying name: commands and settings of this release."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from reading_club.app.cli import main
from reading_club.app.settings import Settings

FOLDER = Path("services") / "reading-club" / "deploy"
"""Folder of the files for deploying, in the repository."""
PREFIX = "READING_CLUB_"


def require_command(arguments: Sequence[str]) -> None:
    """Raise click's UsageError unless these are a command of ``reading-club``, with its options."""
    name, command, rest = main.resolve_command(click.Context(main), list(arguments))
    assert command is not None
    assert name is not None
    command.make_context(name, rest)


def require_check(argv: Sequence[str]) -> None:
    """Raise an error unless this is a health check of ``reading-club``."""
    assert argv[:2] == ["reading-club", "healthcheck"]
    require_command(argv[1:])


def unknown_settings(variables: Iterable[str]) -> list[str]:
    """Return the environment variables that are no settings of ``reading-club``."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return sorted(set(variables) - known)
