"""What the stream's groups of commands have in common. click is the extra ``cli``."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import click

_AGO: Final = re.compile("([0-9]{1,9})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class CommandFailed(click.ClickException):
    """The command did nothing; the message says why."""

    exit_code = 2


def utc_now() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)


class Moment(click.ParamType[datetime]):
    """A moment in ISO 8601, in UTC without an offset, or how long ago: 90s, 30m, 2h, 7d."""

    name = "time"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self.now = now

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment with its time zone."""
        try:
            if ago := _AGO.fullmatch(value):
                return self.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            moment = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time like 2026-01-31T12:00, or 2h ago as 2h", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
