"""The commands on messages, on a command line of one's own."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import click
import pytest
from click.testing import CliRunner, Result
from lastuuid import uuid7

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.command_line import Moment
from reading_club.eventstream.context import MessageContext, using
from reading_club.eventstream.events_cli import events_group
from reading_club.eventstream.ports.event_lives import EventLife
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.builders import an_event
from reading_club.testing.clock import ManualClock
from reading_club.testing.contracts.eventstream import a_letter

TRACE = "0af7651916cd43dd8448eb211c80319c"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", re.ASCII)
NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)


class Shop:
    """A program on a database in memory, with the group in its command line."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = InMemoryDatabase(self.clock.now)

    def make_uow(self) -> InMemoryUnitOfWork:
        """Return a unit of work on the database."""
        return InMemoryUnitOfWork(RecordingOutboxTransport(), self.database)

    def call(self, *arguments: str) -> Result:
        """Run a command on events."""
        main = click.Group("shop")
        main.add_command(events_group(self.make_uow))
        return CliRunner().invoke(main, ["events", *arguments])

    def do(self, deed: Callable[[StreamUnitOfWork], Awaitable[Any]]) -> None:
        """Call ``deed`` in a transaction of its own, a second after the one before."""

        async def run() -> None:
            async with self.make_uow() as transaction:
                await deed(transaction.uow)
                await transaction.commit()

        asyncio.run(run())
        self.clock.advance(1)

    def record(self, context: MessageContext | None = None) -> BookRegistered:
        """Store an event."""
        event = an_event()
        with using(context or MessageContext()):
            self.do(lambda uow: uow.messagestore.add(event))
        return event


@pytest.fixture
def shop() -> Shop:
    """A program without messages."""
    return Shop()


def ids(output: str) -> Sequence[UUID]:
    """Return the ids of listed messages, in the order of the lines."""
    return [UUID(line.split()[2]) for line in output.splitlines()]


def test_the_life_of_an_event_is_shown(shop: Shop) -> None:
    """Its ids, cause and effects, and a line for each step, without its content."""
    context = MessageContext(uuid7(), None, f"00-{TRACE}-b7ad6b7169203331-01")
    cause = shop.record(context)
    event = shop.record(MessageContext(context.correlation_id, cause.message_id))
    effect = shop.record(MessageContext(context.correlation_id, event.message_id))
    shop.database.outbox.clear()
    key = InboxKey("catalogue", event.message_id)
    shop.do(lambda uow: uow.failures.record(key, 1, "KeyError: \x1b[31m"))
    shop.do(lambda uow: uow.inbox.insert_new(key))

    lines = shop.call("show", str(event.message_id)).output.splitlines()
    parts = {line.strip() for line in lines}

    assert lines[0] == f"book_registered_v1  {event.message_id}"
    assert f"correlation  {context.correlation_id}" in parts
    assert str(cause.message_id) in lines[lines.index("cause") + 1]
    assert str(effect.message_id) in lines[lines.index("effects") + 1]
    steps = [TIME.sub("TIME", line).split() for line in lines[lines.index("steps") + 1 :]]
    assert steps == [
        ["TIME", "-", "recorded"],
        ["-", "-", "confirmed"],
        ["TIME", "catalogue", "failed", "attempt", "attempt", "1:", "KeyError:", r"\x1b[31m"],
        ["TIME", "catalogue", "handled"],
    ]
    assert event.title not in "".join(lines)
    assert f"trace        {TRACE}" in shop.call("show", str(cause.message_id)).output


def test_a_life_is_told_to_programs(shop: Shop) -> None:
    """JSON has the fields of ``EventLife``."""
    event = shop.record()

    life = EventLife.model_validate_json(shop.call("show", str(event.message_id), "--json").output)

    assert life.message.message_id == event.message_id
    assert [step.kind for step in life.steps] == ["recorded", "waiting"]


def test_an_unknown_message_is_an_error(shop: Shop) -> None:
    """Exit code 2 and one line; a dead letter with this id is pointed at."""
    letter = a_letter()
    shop.do(lambda uow: uow.dead_letters.add(letter))

    unknown, dead = shop.call("show", str(uuid7())), shop.call("show", str(letter.message_id))

    for failed in (unknown, dead):
        assert failed.exit_code == 2
        assert "the history has no message" in failed.stderr
    assert "dead-letters show" in dead.stderr
    assert "dead-letters show" not in unknown.stderr


def test_what_is_no_id_is_an_error(shop: Shop) -> None:
    """Exit code 2, and the text is called no UUID."""
    failed = shop.call("show", "7")

    assert failed.exit_code == 2
    assert "'7' is not a valid UUID" in failed.stderr


def test_messages_are_listed(shop: Shop) -> None:
    """A line each, the newest first, up to a limit; JSON has the fields of a summary."""
    events = [shop.record() for _ in range(3)]
    newest = [event.message_id for event in events[::-1]]

    listed = shop.call("list").output
    rows = json.loads(shop.call("list", "--json").output)

    assert ids(listed) == newest
    assert ids(shop.call("list", "--limit", "2").output) == newest[:2]
    assert [UUID(row["message_id"]) for row in rows] == newest
    assert "book_registered_v1" in listed
    assert events[0].title not in listed


def test_messages_are_filtered(shop: Shop) -> None:
    """By type, time and correlation."""
    context = MessageContext(uuid7())
    one, two = shop.record(context), shop.record()
    at = shop.database.recorded[two.message_id].isoformat()

    assert ids(shop.call("list", "--since", at).output) == [two.message_id]
    assert ids(shop.call("list", "--until", at).output) == [one.message_id]
    by_correlation = shop.call("list", "--correlation", str(context.correlation_id))
    assert ids(by_correlation.output) == [one.message_id]
    assert len(ids(shop.call("list", "--type", "book_registered_v1").output)) == 2
    assert "no such messages of the last 7 days" in shop.call("list", "--type", "x_v1").output
    assert (
        shop.call("list", "--since", at, "--type", "x_v1").output == "there are no such messages\n"
    )


@pytest.mark.parametrize("time", ["yesterday", "7", "2x", "-1h", "1 h", "999999999d", "٣h"])
def test_what_is_no_time_is_an_error(shop: Shop, time: str) -> None:
    """Exit code 2, and a hint to the two ways of writing a time."""
    failed = shop.call("list", "--since", time)

    assert failed.exit_code == 2
    assert "2026-01-31T12:00" in failed.stderr


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
    ],
)
def test_a_time_is_a_moment_or_how_long_ago(text: str, moment: datetime) -> None:
    """ISO 8601, by default in UTC, or a number of seconds, minutes, hours or days."""
    assert Moment(lambda: NOW).convert(text, None, None) == moment
