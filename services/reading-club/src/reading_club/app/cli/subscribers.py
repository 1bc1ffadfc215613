"""The commands ``reading-club subscribers``: programs outside, and pauses of the club's own."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import click

from reading_club.app.cli.support import fail, read_settings
from reading_club.app.settings import Settings
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.outside import (
    FORGET,
    OutsideSubscriber,
    add_outside,
    outside_subscribers,
    remove_outside,
)
from reading_club.eventstream.pauses import pause_subscriber, resume_subscriber
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import wire_type
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.service.versions import VERSIONS

TYPES: Final = sorted(wire_type(event) for event in EVENTS)
"""The types on the wire of the club's events."""
NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def outside_name(_: click.Context, __: click.Parameter, name: str) -> str:
    """Return the name of a subscriber outside. Raises BadParameter."""
    if not NAME.fullmatch(name):
        raise click.BadParameter("up to 63 letters a-z, digits, - and _, the first a letter")
    if name in {subscriber.name for subscriber in SUBSCRIBERS}:
        raise click.BadParameter(f"{name} is a subscriber of the club itself")
    return name


def own_name(_: click.Context, __: click.Parameter, name: str) -> str:
    """Return the name of a subscriber of the club itself. Raises BadParameter."""
    names = [subscriber.name for subscriber in SUBSCRIBERS]
    if name not in names:
        raise click.BadParameter(
            f"the club's own subscribers are {', '.join(names)}; a program outside pauses itself"
        )
    return name


@click.group()
def subscribers() -> None:
    """Pause and resume subscribers, and add programs outside the club that get its events."""


@subscribers.command()
@click.argument("name", callback=outside_name)
@click.argument("types", nargs=-1, required=True, type=click.Choice(TYPES), metavar="TYPE...")
def add(name: str, types: tuple[str, ...]) -> None:
    """Declare the queue of the program NAME for events of these types.

    Promised: an event leaves the outbox when the program's queue has it, as long as the queue
    exists, and a lost queue is declared again within a minute. Running processes know of the
    program within 5 seconds.

    Not promised: the program reports no receipts, so that the club does not know what it has
    handled. What was lost on the broker (a deleted or purged queue, a lost disk) is sent again by
    `reading-club replay`, and not by itself.
    """
    subscriber = OutsideSubscriber(name, types)
    if VERSIONS.converted_for(types):
        click.echo(f"takes {FORGET:.0f} s, until the running processes know of it", err=True)
    asyncio.run(_add(read_settings(), subscriber))
    click.echo(f"{name} gets {', '.join(sorted(types))} from the queue eventstream.{name}")


@subscribers.command("list")
def list_subscribers() -> None:
    """List the subscribers with their types and pauses, those outside the club last."""
    outside, paused = asyncio.run(_known(read_settings()))
    places: list[tuple[str, Subscriber[Any, Any]]] = []
    places += [("club", each) for each in SUBSCRIBERS] + [("outside", each) for each in outside]
    for place, each in places:
        since = paused.get(each.name)
        pause = f", paused since {since.isoformat(timespec='seconds')}" if since else ""
        click.echo(f"{each.name:<20} {place:<8} {', '.join(sorted(each.types))}{pause}")


@subscribers.command()
@click.argument("name", callback=own_name)
def pause(name: str) -> None:
    """Pause the subscriber NAME until it is resumed; others are not touched.

    Within 5 seconds all its workers finish the events that they have begun, give back the others,
    and consume nothing, also after a restart. Its events wait in its queue, and the reconciler
    sends none of them again. None of that counts as an attempt.
    """
    since = asyncio.run(_pause(read_settings(), name))
    click.echo(f"{name} is paused since {since.isoformat(timespec='seconds')}")


@subscribers.command()
@click.argument("name", callback=own_name)
def resume(name: str) -> None:
    """Resume the paused subscriber NAME: its workers consume again within 5 seconds."""
    was_paused = asyncio.run(_resume(read_settings(), name))
    click.echo(f"{name} {'is resumed' if was_paused else 'is not paused'}")


@subscribers.command()
@click.argument("name", callback=outside_name)
@click.confirmation_option(prompt="Its queue is deleted with the events in it. Go on?")
def remove(name: str) -> None:
    """End the subscription of the program NAME, and delete its queue.

    Takes 10 seconds, after which every running process has learned of it. A process that cannot
    reach the database meanwhile may declare the queue once more: then remove it again.
    """
    click.echo(f"waiting {FORGET:.0f} s for the running processes", err=True)
    if not asyncio.run(_remove(read_settings(), OutsideSubscriber(name, TYPES))):
        fail(f"there is no subscriber {name} outside the club; what was left of it is deleted")
    click.echo(f"{name} gets no more events")


async def _add(settings: Settings, subscriber: OutsideSubscriber) -> None:
    from reading_club.app.bootstrap.subscribers import open_subscribing

    async with open_subscribing(settings) as opened:
        await add_outside(subscriber, opened.make_uow, opened.queues, versions=VERSIONS)


async def _remove(settings: Settings, subscriber: OutsideSubscriber) -> bool:
    from reading_club.app.bootstrap.subscribers import open_subscribing

    async with open_subscribing(settings) as opened:
        return await remove_outside(subscriber, opened.make_uow, opened.queues)


async def _pause(settings: Settings, name: str) -> datetime:
    from reading_club.app.bootstrap.database import open_units_of_work

    async with open_units_of_work(settings) as make_uow:
        return await pause_subscriber(name, make_uow)


async def _resume(settings: Settings, name: str) -> bool:
    from reading_club.app.bootstrap.database import open_units_of_work

    async with open_units_of_work(settings) as make_uow:
        return await resume_subscriber(name, make_uow)


async def _known(settings: Settings) -> tuple[list[OutsideSubscriber], Mapping[str, datetime]]:
    from reading_club.app.bootstrap.database import open_transaction

    async with open_transaction(settings) as transaction:
        outside = await outside_subscribers(transaction.uow)
        paused = await transaction.uow.pauses.list()
        await transaction.rollback()
    return outside, paused
