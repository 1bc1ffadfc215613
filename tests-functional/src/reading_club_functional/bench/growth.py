"""``python -m reading_club_functional.bench.growth``: how the cost grows.

With the relays and the workers, each a process, and with the events that wait. Every run checks
that each event arrived once, or took effect once.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

from reading_club_functional.bench import registering
from reading_club_functional.bench.arrivals import Arrivals
from reading_club_functional.bench.filling import events_on_the_wire, fill_queue_of_activity
from reading_club_functional.bench.fresh import assert_once, fresh_club, stop
from reading_club_functional.bench.registering import register
from reading_club_functional.bench.relaying import SENT, Room
from reading_club_functional.bench.stage import Stage, open_stage
from reading_club_functional.bench.templates import Templates
from reading_club_functional.club import prepared_club
from reading_club_functional.database import Database

ROUNDS = 3
COMMANDS, EVENTS = 5_000, 60_000
FIRST, LAST = 0.2, 0.9
"""Between these shares of the work the time is taken: all processes are at it then."""
PATIENCE = 120.0
PROCESSES = (1, 2, 4)
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SAMPLE = 20_000
"""The largest number of events to send: the oldest ones."""


def main() -> None:
    """Print each figure when it is there."""
    with open_stage(quick=False) as stage:
        for name, measure in measures(stage):
            figures = [measure() for _ in range(ROUNDS)]
            low, high = min(figures), max(figures)
            print(f"{name:44} {median(figures):8,.0f} ({low:,.0f} to {high:,.0f}) /s", flush=True)


def measures(stage: Stage) -> Iterator[tuple[str, Callable[[], float]]]:
    """Yield what is measured, and how."""
    for number in PROCESSES:
        yield f"events sent by {number} relays", partial(relays, stage, number)
    for number in PROCESSES:
        yield f"events handled by {number} workers", partial(workers, stage, number)
    room = Room(stage)
    for size in SIZES:
        yield f"events sent of {size:,} waiting", room.relay(min(size, SAMPLE), waiting=size)
    for size in (0, *SIZES):
        yield f"commands with {size:,} events waiting", partial(commands, stage, size)


def commands(stage: Stage, waiting: int) -> float:
    """Return the books registered per second while `waiting` events wait in the outbox."""
    with Templates(stage.postgresql).club(waiting) as url:
        books, seconds = asyncio.run(register(registering.ours(url), COMMANDS))
        assert Database(url).count("books") == len(books)
        assert Database(url).count("outbox") == len(books) + waiting
    return COMMANDS / seconds


def relays(stage: Stage, number: int) -> float:
    """Return the events that `number` relays send per second together."""
    arrivals = Arrivals(stage.rabbitmq.url)
    with Templates(stage.postgresql).club(EVENTS) as url:
        arrivals.empty()
        folder = Path(mkdtemp(dir=stage.folder))
        with prepared_club(folder, url, stage.rabbitmq.url) as club:
            processes = [club.begin("relay") for _ in range(number)]
            rate = _rate(lambda: EVENTS - club.database.count("outbox"))
            for process in processes:
                stop(process)
        arrivals.require_once([id_ for (id_,) in Database(url).rows(SENT)])
    return rate


def workers(stage: Stage, number: int) -> float:
    """Return the events that `number` workers of one subscriber handle per second together."""
    events = events_on_the_wire(EVENTS)
    with fresh_club(stage) as club:
        fill_queue_of_activity(stage.rabbitmq.url, events)
        processes = [club.begin("worker", "--subscriber", "activity") for _ in range(number)]
        rate = _rate(lambda: club.database.count("inbox"))
        for process in processes:
            stop(process)
        assert_once(club.database, events)
    return rate


def _rate(done: Callable[[], int]) -> float:
    """Wait until all is done, and return how much of it was done in a second meanwhile."""
    samples: list[tuple[float, int]] = []
    deadline = time.monotonic() + PATIENCE
    while not samples or samples[-1][1] < EVENTS:
        assert time.monotonic() < deadline, f"only {samples[-1][1]} of {EVENTS} are done"
        samples.append((time.perf_counter(), done()))
        time.sleep(0.02)
    within = [sample for sample in samples if FIRST <= sample[1] / EVENTS <= LAST]
    (begin, first), (end, last) = within[0], within[-1]
    return (last - first) / (end - begin)


if __name__ == "__main__":
    main()
