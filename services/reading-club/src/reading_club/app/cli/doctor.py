"""The command ``reading-club doctor``."""

import asyncio
import json
import sys

import click

from reading_club.app.cli.support import read_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(*, as_json: bool) -> None:
    """Tell what is wrong with a running club: what, what it means, and what to do.

    It looks at settings, files, database, broker, queues, subscriptions and processes, and changes
    nothing. The exit code is 1 if something is wrong, and 2 for a setting that is not valid.
    """
    from reading_club.app.doctor.examination import examine

    report = asyncio.run(examine(read_settings()))
    if as_json:
        click.echo(json.dumps(report.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(report.lines()))
    sys.exit(report.exit_code)
