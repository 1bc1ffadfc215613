"""Stages: milliseconds of each part of an event's way, beside aio-pika and asyncpg alone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.eventstream.outbox.sender import Sender
from reading_club_functional import queues
from reading_club_functional.bench import timed_worker
from reading_club_functional.bench.checks import NotOnce, assert_applied_once, assert_stored
from reading_club_functional.bench.comparison import Comparison, SharedRuns
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.bench.measures.commands import Opened, application, new_commands
from reading_club_functional.bench.measures.latency import PAUSE, PERCENTILES, percentiles
from reading_club_functional.bench.observation import Observe, unobserved
from reading_club_functional.bench.open_loop import Handle
from reading_club_functional.bench.peers import bare_stages
from reading_club_functional.bench.stage_times import PRINTED, STAGES, StageTimes
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess

COMMANDS: Final = 2_000
WARM_UP: Final = 50
"""Commands that are not measured: connections are opened, statements prepared, and events that the
sender leaves to the relay meanwhile are not at each point."""
ACKNOWLEDGED_WITHIN: Final = 60.0

Opener = Callable[[ClubCluster, StageTimes], Opened]
"""Opens a handler of commands, which records the times of their events until the confirm."""
Consumer = Callable[[ClubCluster], ClubProcess]
"""Begins a consumer of the queue of the activity log, which prints the times of each event."""


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the median and the 99th percentile of each stage."""
    timed = partial(timed_application, observe=environment.observing)
    ours = SharedRuns(partial(stages, environment, timed, our_worker))
    peer = SharedRuns(partial(stages, environment, bare_handler, bare_consumer))
    for stage in STAGES:
        for name, short in zip(PERCENTILES, ("p50", "p99"), strict=True):
            yield Comparison(
                name=f"stage_{stage}_{short}",
                unit="ms",
                ours=ours.measure(f"{stage} {name}"),
                peer=peer.measure(f"{stage} {name}"),
                peer_name="aio-pika and asyncpg alone",
                goal=1.5,
                at_most=True,
                rounds=1 if environment.quick else 3,
                warm_up=False,
            )


def stages(environment: Environment, opened: Opener, consumer: Consumer) -> Mapping[str, float]:
    """Return the percentiles of each stage in milliseconds, of commands one after the other.

    Raises NotOnce unless each event was once at each point, and took effect once.
    """
    times, broker_url = StageTimes(), environment.rabbitmq.url
    commands = new_commands(WARM_UP + environment.size(COMMANDS))
    with environment.club() as club:
        queues.declare(broker_url)
        worker = consumer(club)
        club.ready(worker)
        times.add_called(asyncio.run(_call(opened(club, times), commands)))
        eventually(
            lambda: worker.output.count(PRINTED) >= len(commands), within=ACKNOWLEDGED_WITHIN
        )
        stop(worker)
        times.add_consumed(worker.output)
        durations = times.milliseconds(WARM_UP)
        assert_stored(club.database, commands)
        assert_applied_once(club.database, map(UUID, times.ids))
        if waiting := queues.waiting(broker_url, "activity")["activity"]:
            raise NotOnce(f"{waiting} events were not acknowledged")
    return {
        f"{stage} {name}": figure
        for stage, samples in durations.items()
        for name, figure in percentiles(samples).items()
    }


async def _call(opened: Opened, commands: Sequence[Any]) -> Sequence[float]:
    """Handle the commands, with a pause after each; return the times at which they were called."""
    called = []
    async with opened as handle:
        for command in commands:
            called.append(time.monotonic())
            await handle(command)
            await asyncio.sleep(PAUSE)
    return called


def our_worker(club: ClubCluster) -> ClubProcess:
    """Start a relay, for events that the sender leaves while it connects; begin the worker."""
    club.start("relay")
    return club.begin("worker", "--subscriber", "activity", module=timed_worker.MODULE)


def bare_consumer(club: ClubCluster) -> ClubProcess:
    """Begin the peer's consumer."""
    urls = club.settings["database_url"], club.settings["broker_url"]
    return club.begin("worker", *urls, module=bare_stages.MODULE)


def bare_handler(club: ClubCluster, times: StageTimes) -> Opened:
    """Open the peer's handler."""
    return bare_stages.opened(club.settings["database_url"], club.settings["broker_url"], times)


@asynccontextmanager
async def timed_application(
    club: ClubCluster, times: StageTimes, observe: Observe = unobserved
) -> AsyncIterator[Handle]:
    """Yield the handler of the application, in this process with its sender.

    An event is committed when the sender gets it, and handed over when the sender's thread gives it
    to the publisher.
    """
    send, publish = Sender.send_in_context, BatchPublisher.publish

    async def timed_send(self: Sender, message: Mapping[str, Any], *args: Any) -> None:
        times.add("committed", message["id"], time.monotonic())
        await send(self, message, *args)

    def timed_publish(self: BatchPublisher, messages: Sequence[Any]) -> Any:
        begin = time.monotonic()
        result = publish(self, messages)
        end = time.monotonic()
        for key in result.confirmed:
            times.add("handed_over", str(key.message_id), begin)
            times.add("confirmed", str(key.message_id), end)
        return result

    with (
        patch.object(Sender, "send_in_context", timed_send),
        patch.object(BatchPublisher, "publish", timed_publish),
    ):
        async with application(club, observe) as handle:
            yield handle
