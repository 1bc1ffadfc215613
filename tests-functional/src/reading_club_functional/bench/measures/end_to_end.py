"""End to end: the highest rate of commands whose effects keep up, in the whole club over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from time import perf_counter
from typing import Any, Final

import asyncpg

from reading_club.domain.messages import RegisterBook
from reading_club_functional.bench import http_client
from reading_club_functional.bench.checks import (
    NotOnce,
    assert_effects,
    assert_received,
    assert_stored,
)
from reading_club_functional.bench.comparison import Comparison
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.bench.measures.commands import AT_ONCE, at_once, new_commands
from reading_club_functional.bench.open_loop import Handle, paced
from reading_club_functional.bench.peers import cookbook_club
from reading_club_functional.bench.rate_search import Search, grows
from reading_club_functional.cluster import PROJECTION_NAMES, ClubCluster
from reading_club_functional.members import tokens_of_members

SECONDS: Final = 60
"""The duration of a step, at one rate."""
BURST: Final = 3_000
"""Commands as fast as they are answered: their effects' rate is where the search begins."""
EVERY: Final = 0.1
"""Seconds between two looks at the effects."""
EFFECTS_WITHIN: Final = 120.0
SEEN: Final = "SELECT least((SELECT count(*) FROM activity), (SELECT count(*) FROM catalogue))"

Started = Callable[[Environment], AbstractContextManager[tuple[ClubCluster, str]]]
"""Starts the processes of a club; yields it with the token of a member."""


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the club compared with the shape of the cookbook, each on all cores."""
    yield Comparison(
        name="end_to_end",
        unit="commands/s",
        ours=partial(highest_rate, environment, whole_club),
        peer=partial(highest_rate, environment, cookbook_club.started),
        peer_name="cookbook: published in the request, a task and a transaction an event",
        goal=4,
        rounds=1,
        warm_up=False,
    )


@contextmanager
def whole_club(environment: Environment) -> Iterator[tuple[ClubCluster, str]]:
    """Run web, relay, and a worker for each subscriber with a read model of books."""
    with environment.club() as club:
        workers = club.begin_workers(*PROJECTION_NAMES)
        processes = club.ready(*workers, club.begin("relay"), club.begin("web"))
        (token,) = asyncio.run(tokens_of_members(club.app_settings, 1))
        yield club, token
        stop(*processes)
        assert_received(club.database)


def highest_rate(environment: Environment, started: Started) -> float:
    """Return the highest rate of commands a second at which the lag of the effects stays flat.

    Raises NotOnce unless each event of all steps takes effect once in both read models.
    """
    with started(environment) as (club, token):
        commands, rate = asyncio.run(_search(environment, club, token))
        assert_stored(club.database, commands)
        assert_effects(club.database)
    return rate


async def _search(
    environment: Environment, club: ClubCluster, token: str
) -> tuple[Sequence[RegisterBook], float]:
    """Return all commands of the search, and the highest rate."""
    port = int(club.settings["port"])
    async with (
        http_client.opened(port, AT_ONCE, token) as post,
        _connection(club.settings["database_url"]) as connection,
    ):
        load = Load(post, connection)
        await load.burst(environment.size(BURST))  # connections, statements and caches
        search = Search(await load.burst(environment.size(BURST)))
        while not search.ended(quick=environment.quick):
            rate = search.rate
            search.add(flat=not grows(await load.step(rate, environment.size(SECONDS))))
    return load.commands, search.highest


class Load:
    """Commands over HTTP, and the progress of their effects in both read models."""

    def __init__(self, post: Handle, connection: Any) -> None:
        self._post, self._connection = post, connection
        self.commands: list[RegisterBook] = []
        """All commands so far."""

    async def burst(self, number: int) -> float:
        """Post commands as fast as they are answered; return their effects' rate a second."""
        commands, start = new_commands(number), perf_counter()
        self.commands += commands
        await at_once(self._post, commands)
        await self._take_effect()
        return number / (perf_counter() - start)

    async def step(self, rate: float, seconds: int) -> Sequence[tuple[float, float]]:
        """Post commands at this rate; return pairs of the time and the lag then, in seconds.

        The lag is the age of the oldest command that was due, whether posted or not, and has not
        yet both effects, if they come in the order of the commands.
        """
        commands, before = new_commands(round(rate * seconds)), len(self.commands)
        self.commands += commands
        posting = asyncio.create_task(paced(commands, rate, self._post))
        samples, start = [], perf_counter()
        while (elapsed := perf_counter() - start) < seconds:
            seen = await self._seen() - before
            samples.append((elapsed, elapsed - seen / rate))
            await asyncio.sleep(EVERY)
        await posting
        await self._take_effect()
        return samples

    async def _take_effect(self) -> None:
        """Wait until all commands have taken effect. Raises NotOnce."""
        try:
            async with asyncio.timeout(EFFECTS_WITHIN):
                while await self._seen() < len(self.commands):  # noqa: ASYNC110  # no notice
                    await asyncio.sleep(EVERY / 4)
        except TimeoutError as late:
            raise NotOnce(f"not all of {len(self.commands)} commands took effect") from late

    async def _seen(self) -> int:
        return int(await self._connection.fetchval(SEEN))


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()
