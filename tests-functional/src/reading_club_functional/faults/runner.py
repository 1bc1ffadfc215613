"""Runs faults under load, waits until all events are handled, and reports violations."""

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from reading_club_functional.consistency import observe, wait_until_quiescent
from reading_club_functional.faults import processes
from reading_club_functional.faults.checker import InvariantViolation, Observed, violations
from reading_club_functional.faults.pairs import PAIRS
from reading_club_functional.faults.target import Fault, Target
from reading_club_functional.polling import repeated

ANSWER_TIMEOUT, QUIESCENCE_TIMEOUT = 60.0, 120.0
"""Seconds after the last fault until every write is answered, and until every event has its effect.
Each re-send of a lost event doubles the wait, so that longer runs get more time."""
CHECK_EVERY = 0.2
"""Seconds between two looks for processes that have ended."""
PAUSE, LENGTH = (0.2, 1.5), (0.5, 4.0)
"""Ranges in seconds: the pause between two faults of one loop, and the length of a fault."""


@dataclass(frozen=True)
class Planned:
    """A scheduled fault."""

    pause: float
    """Seconds after the end of the previous fault."""
    name: str
    seconds: float
    seed: int
    """The seed of the fault's own random choices."""


def planned(names: Sequence[str], seed: str) -> Iterator[Planned]:
    """Yield faults without end, in rounds: each round has each fault once, in random order."""
    random = Random(seed)  # noqa: S311  # no secret
    while names:
        for name in random.sample(names, len(names)):
            pause, seconds = random.uniform(*PAUSE), random.uniform(*LENGTH)
            yield Planned(pause, name, seconds, random.getrandbits(32))


@dataclass(frozen=True)
class Report:
    """The faults, the answers and the observation of one run."""

    pair: str
    seed: int
    answers: Mapping[str, int]
    faults: Mapping[str, int]
    deaths: Mapping[str, int]
    sent_again: int
    observed: Observed

    @property
    def violations(self) -> list[InvariantViolation]:
        """The invariants that were violated."""
        return [*violations(self.observed)]

    def __str__(self) -> str:
        seen = self.observed
        counts = {
            **{f"answer {status}": count for status, count in sorted(self.answers.items())},
            **{f"fault {name}": count for name, count in sorted(self.faults.items())},
            **{f"killed by poison: {role}": n for role, n in sorted(self.deaths.items())},
            "sent again by the reconciler": self.sent_again,
            "books": len(seen.books),
            "reviews": len(seen.reviews.versions),
            "versions of reviews": sum(seen.reviews.versions.values()),
            "poison events": len(seen.poison),
            "dead letters": len(seen.dead_letters),
            "violations": len(self.violations),
        }
        lines = [f"{name:40} {count:6}" for name, count in counts.items()]
        return "\n".join([f"{self.pair}, seed {self.seed}", *lines, *map(str, self.violations)])


def run(
    pair: str, folder: Path, *, duration: float, seed: int, only: Collection[str] = ()
) -> Report:
    """Run random faults (`only` these names, default: all) for `duration` seconds."""
    kind = PAIRS[pair]
    with kind.open(folder) as target, repeated(target.processes.restart_ended, CHECK_EVERY):
        books = target.writer.books
        with target.writer.writing(), target.reviews.writing(books):
            families = [
                {name: fault for name, fault in faults.items() if not only or name in only}
                for faults in (kind.servers, processes.FAULTS)
            ]
            done = _inject_all(target, families, str(seed), time.monotonic() + duration)
        target.writer.finish(ANSWER_TIMEOUT)
        club, begun = target.processes.club, time.monotonic()
        observed = wait_until_quiescent(
            club, lambda: _observe(target), within=QUIESCENCE_TIMEOUT + 2 * duration
        )
        _log(f"observed after {time.monotonic() - begun:.0f} s")
        ((sent_again,),) = club.database.rows("SELECT coalesce(sum(number), 0) FROM resends")
        deaths = target.processes.deaths
        return Report(pair, seed, target.writer.answers, done, deaths, int(sent_again), observed)


def _inject_all(
    target: Target, families: Collection[Mapping[str, Fault]], seed: str, deadline: float
) -> Counter[str]:
    """Run the faults of each family in a thread of its own until the deadline; return numbers."""
    done: Counter[str] = Counter()
    with ThreadPoolExecutor() as pool:
        loops = [
            pool.submit(_inject_faults, target, faults, f"{seed}-{number}", deadline)
            for number, faults in enumerate(families)
            if faults
        ]
        for loop in loops:
            done.update(loop.result())
        time.sleep(max(0.0, deadline - time.monotonic()))
    return done


def _inject_faults(
    target: Target, faults: Mapping[str, Fault], seed: str, deadline: float
) -> Counter[str]:
    """Run one fault after the other until the deadline, and return the number of each."""
    done: Counter[str] = Counter()
    for plan in planned(sorted(faults), seed):
        time.sleep(min(plan.pause, max(0.0, deadline - time.monotonic())))
        if time.monotonic() >= deadline:
            return done
        _log(f"{plan.name}: begins, {plan.seconds:.1f} s, seed {plan.seed}")
        with faults[plan.name](target, Random(plan.seed)):  # noqa: S311  # no secret
            time.sleep(plan.seconds)
        _log(f"{plan.name}: is lifted")
        done[plan.name] += 1
    return done


def _observe(target: Target) -> Observed:
    """Read the tables after the answers."""
    writer, processes = target.writer, target.processes
    return observe(
        processes.club.database,
        under_faults=True,
        begun=frozenset(writer.begun),
        created=frozenset(writer.created),
        wrong=(*writer.wrong, *target.reviews.wrong),
        versions=dict(target.reviews.answered),
        poison=frozenset(writer.poison),
        ended=tuple(processes.ended),
    )


def _log(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)
