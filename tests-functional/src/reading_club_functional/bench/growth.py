"""``python -m reading_club_functional.bench.growth``: how the cost grows.

The figures by the number of relays and of workers, each a process, and by the number of events
that wait. Each run checks that each event arrived once, or took effect once.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

from reading_club_functional import queues
from reading_club_functional.bench.backlog import fill_activity_queue, new_events
from reading_club_functional.bench.checks import assert_applied_once, assert_arrived_once, sent
from reading_club_functional.bench.comparison import Measure
from reading_club_functional.bench.environment import Environment, open_environment, stop
from reading_club_functional.bench.measures.commands import commands_stored, without_sender
from reading_club_functional.bench.measures.relaying import relayed

ROUNDS = 3
COMMANDS, EVENTS = 5_000, 60_000
FIRST, LAST = 0.2, 0.9
"""The shares of the work between which the rate is taken, so that all processes take part."""
RATE_TIMEOUT = 120.0
PROCESSES = (1, 2, 4)
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SAMPLE = 20_000
"""The largest number of events to send from a backlog: the oldest ones."""


def main() -> None:
    """Print each figure as soon as it is measured."""
    with open_environment(quick=False) as environment:
        for name, measure in measures(environment):
            figures = [measure() for _ in range(ROUNDS)]
            low, high = min(figures), max(figures)
            print(f"{name:44} {median(figures):8,.0f} ({low:,.0f} to {high:,.0f}) /s", flush=True)


def measures(environment: Environment) -> Iterator[tuple[str, Measure]]:
    """Yield the name and the measure of each figure."""
    for number in PROCESSES:
        yield f"events sent by {number} relays", partial(relays, environment, number)
    for number in PROCESSES:
        yield f"events handled by {number} workers", partial(workers, environment, number)
    for size in SIZES:
        relay = partial(relayed, environment, min(size, SAMPLE), size)
        yield f"events sent of {size:,} waiting", relay
    stored = partial(commands_stored, environment, COMMANDS, without_sender)
    for size in (0, *SIZES):
        yield f"commands with {size:,} events waiting", partial(stored, waiting=size)


def relays(environment: Environment, number: int) -> float:
    """Return the events per second that `number` relays send together."""
    with environment.club(EVENTS) as club:
        queues.declare(environment.rabbitmq.url)
        processes = [club.begin("relay") for _ in range(number)]
        rate = _rate(lambda: EVENTS - club.database.count("outbox"))
        stop(*processes)
        assert_arrived_once(environment.rabbitmq.url, sent(club.database))
    return rate


def workers(environment: Environment, number: int) -> float:
    """Return the events per second that `number` workers of one subscriber handle together."""
    events = new_events(EVENTS)
    with environment.club() as club:
        fill_activity_queue(environment.rabbitmq.url, events)
        processes = [club.begin("worker", "--subscriber", "activity") for _ in range(number)]
        rate = _rate(lambda: club.database.count("inbox"))
        stop(*processes)
        assert_applied_once(club.database, events)
    return rate


def _rate(done: Callable[[], int]) -> float:
    """Wait until all events are done, and return the events per second between the shares."""
    samples: list[tuple[float, int]] = []
    deadline = time.monotonic() + RATE_TIMEOUT
    while not samples or samples[-1][1] < EVENTS:
        assert time.monotonic() < deadline, f"only {samples[-1][1]} of {EVENTS} are done"
        samples.append((time.perf_counter(), done()))
        time.sleep(0.02)
    within = [sample for sample in samples if FIRST <= sample[1] / EVENTS <= LAST]
    (begin, first), (end, last) = within[0], within[-1]
    return (last - first) / (end - begin)


if __name__ == "__main__":
    main()
