"""Commands: books registered per second, sixteen at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.app.accounts.passwords import Passwords
from reading_club.app.bootstrap.web import build_application, open_application
from reading_club.app.testing import FastHasher
from reading_club.domain.messages import RegisterBook
from reading_club.eventstream.ports.outbox import Lease
from reading_club.testing.builders import an_isbn
from reading_club_functional.bench import http_client
from reading_club_functional.bench.checks import STORED, assert_sent_once, assert_stored
from reading_club_functional.bench.comparison import Comparison
from reading_club_functional.bench.environment import Environment
from reading_club_functional.bench.observation import Observe, in_spans, unobserved
from reading_club_functional.bench.open_loop import Handle
from reading_club_functional.bench.peers import asyncpg, cookbook
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.members import tokens_of_members
from reading_club_functional.outages import frozen

UNIT = "commands/s"
AT_ONCE = 16
"""Commands in flight, and connections to the database."""
WARM_UP = 10 * AT_ONCE
"""Commands before the measured ones: connections are opened, statements prepared."""
LEASE = 600.0
"""Seconds for which the events are leased, so that no relay sends them."""
SENT_BOOKS = f"{STORED[2]} AND NOT EXISTS (SELECT FROM outbox WHERE message_id = messages.id)"

Opened = contextlib.AbstractAsyncContextManager[Handle]


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the command path compared with its peers, with an outage, and over HTTP."""
    number = environment.size(5_000)
    stored = partial(commands_stored, environment, number)
    observed = partial(without_sender, observe=environment.observing)
    ours, cookbooks = partial(stored, observed), partial(stored, cookbook.opened, outbox=0)
    yield Comparison("command_vs_cookbook", UNIT, ours, cookbooks, "cookbook, no outbox", 2)
    raw = partial(stored, asyncpg.opened)
    yield Comparison("command_vs_asyncpg", UNIT, ours, raw, "asyncpg alone", 0.6)
    healthy, http = (
        partial(commands_sent, environment, number, opened)
        for opened in (partial(application, observe=environment.observing), web_process)
    )
    down = partial(commands_during_outage, environment, number)
    yield Comparison("command_broker_down", UNIT, down, healthy, "healthy", 0.95)
    yield Comparison("http_overhead", UNIT, http, healthy, "in this process", 0.7)


def commands_stored(
    environment: Environment,
    number: int,
    opened: Callable[[str, int], Opened],
    *,
    outbox: int = 1,
    waiting: int = 0,
) -> float:
    """Return the commands per second without a sender, on `waiting` events in the outbox.

    Each command leaves `outbox` events there.
    """
    with environment.club(waiting) as club:
        handler = opened(club.settings["database_url"], AT_ONCE)
        commands, seconds = asyncio.run(register(handler, number))
        assert club.database.count("books") == len(commands)
        assert club.database.count("outbox") == outbox * len(commands) + waiting
        if not waiting:
            assert_stored(club.database, commands)
    return number / seconds


def commands_sent(
    environment: Environment, number: int, opened: Callable[[ClubCluster], Opened]
) -> float:
    """Return the commands per second of the whole application, while its sender publishes."""
    with environment.club() as club:
        commands, seconds = asyncio.run(register(opened(club), number))
        assert_stored(club.database, commands)
        assert_sent_once(club)
    return number / seconds


def commands_during_outage(environment: Environment, number: int) -> float:
    """Return the commands per second while the broker, already connected to, is frozen.

    Raises AssertionError unless all their events wait in the outbox.
    """
    with environment.club() as club:
        sent: set[str] = set()
        outage = broker_frozen(environment, club, sent)
        handler = application(club, environment.observing)
        commands, seconds = asyncio.run(register(handler, number, outage))
        assert_stored(club.database, commands)
        assert sent.isdisjoint(str(command.id) for command in commands[-number:])
    return number / seconds


@contextlib.contextmanager
def broker_frozen(environment: Environment, club: ClubCluster, sent: set[str]) -> Iterator[None]:
    """Freeze the broker until the block ends; then add the books whose event is sent to `sent`."""
    with frozen(environment.rabbitmq):
        yield
        with ThreadPoolExecutor(1) as pool:  # this thread has a running loop
            sent.update(id_ for (id_,) in pool.submit(club.database.rows, SENT_BOOKS).result())


@contextlib.asynccontextmanager
async def without_sender(
    database_url: str, connections: int, observe: Observe = unobserved
) -> AsyncIterator[Handle]:
    """Yield the application's handler; events are stored in the outbox and not sent."""
    engine = create_engine(database_url, pool_size=connections, max_overflow=0)
    transport = RecordingOutboxTransport(Lease(LEASE))
    passwords = Passwords(FastHasher())
    broker = publisher_app("memory://")
    try:
        with observe("web") as metrics:
            opened = build_application(engine, transport, broker, passwords, metrics=metrics)
            yield opened.handle if metrics is None else in_spans(opened.handle)
    finally:
        passwords.close()
        await engine.dispose()


@contextlib.asynccontextmanager
async def application(club: ClubCluster, observe: Observe = unobserved) -> AsyncIterator[Handle]:
    """Yield the handler of the application with its sender, in this process."""
    with observe("web") as metrics:
        async with open_application(club.app_settings, metrics=metrics) as opened:
            yield opened.handle if metrics is None else in_spans(opened.handle)


def web_process(club: ClubCluster) -> Opened:
    """Start the web process, and open connections to it, as a member with a token."""
    club.start("web")
    (token,) = asyncio.run(tokens_of_members(club.app_settings, 1))
    return http_client.opened(int(club.settings["port"]), AT_ONCE, token)


async def register(
    handler: Opened, number: int, during: contextlib.AbstractContextManager[None] | None = None
) -> tuple[list[RegisterBook], float]:
    """Warm up, then register `number` books; return all commands, and the seconds of the latter.

    The context manager `during` is active from the end of the warm-up to the last answer.
    """
    first, then = new_commands(WARM_UP), new_commands(number)
    async with handler as handle:
        await at_once(handle, first)
        with during or contextlib.nullcontext():
            seconds = await at_once(handle, then)
    return [*first, *then], seconds


def new_commands(number: int) -> list[RegisterBook]:
    """Return commands for new books."""
    return [
        RegisterBook(isbn=an_isbn(), title="Domain-Driven Design", author="Eric Evans")
        for _ in range(number)
    ]


async def at_once(handle: Handle, commands: Sequence[RegisterBook]) -> float:
    """Handle these commands, sixteen at a time, and return the seconds."""
    remaining = iter(commands)

    async def handle_remaining() -> None:
        for command in remaining:
            await handle(command)

    start = perf_counter()
    await asyncio.gather(*(handle_remaining() for _ in range(AT_ONCE)))
    return perf_counter() - start
