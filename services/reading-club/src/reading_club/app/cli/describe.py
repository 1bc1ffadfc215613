"""The commands ``reading-club describe`` and ``asyncapi``: how the club is wired."""

import json
from dataclasses import asdict

import click

from reading_club.app.cli.support import read_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs, with the schemas.")
@click.option("--schemas", is_flag=True, help="The JSON Schema of each event, by its type.")
def describe(*, as_json: bool, schemas: bool) -> None:
    """Tell how the club is wired: commands, events, handlers, subscribers and queues.

    It needs neither database nor broker, and names subscribers that know an event in an old
    version alone. Subscribers outside are in `subscribers list`, and `doctor` looks at them.
    """
    from reading_club.app.bootstrap.wiring import club_routing, lines_of
    from reading_club.app.wiring import describe_club
    from reading_club.eventstream.description_text import description_lines

    description, routing = describe_club(), club_routing()
    if schemas:
        click.echo(_json({event.type: event.payload for event in description.events}))
    elif as_json:
        click.echo(_json(description.model_dump(mode="json") | {"routing": asdict(routing)}))
    else:
        click.echo("\n".join([*description_lines(description), "", *lines_of(routing)]))


@click.command()
def asyncapi() -> None:
    """Print the published events as an AsyncAPI 3.0 document, in JSON.

    It has each version of an event with its schema, headers and routing key, the queue of each
    subscriber, and the hosts of the broker if one is set, without user and password.
    """
    from reading_club.app.bootstrap.wiring import document_of

    click.echo(_json(document_of(read_settings())))


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
