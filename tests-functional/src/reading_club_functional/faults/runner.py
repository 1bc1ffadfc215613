"""Runs faults under load, waits until all events are handled, and reports violations."""

import time
from collections import Counter
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from reading_club_functional.faults import processes
from reading_club_functional.faults.checker import InvariantViolation, Observed, violations
from reading_club_functional.faults.observation import observe
from reading_club_functional.faults.pairs import PAIRS
from reading_club_functional.faults.schedule import planned
from reading_club_functional.faults.target import Fault, Target
from reading_club_functional.polling import NotInTime, eventually

ANSWER_TIMEOUT, QUIESCENCE_TIMEOUT = 60.0, 120.0
"""Seconds after the last fault until every write is answered, and until every event has its effect.
Each re-send of a lost event doubles the wait, so that longer runs get more time."""


@dataclass(frozen=True)
class Report:
    """The faults, the answers, the observation and the violations of one run."""

    pair: str
    seed: int
    answers: Mapping[str, int]
    faults: Mapping[str, int]
    deaths: Mapping[str, int]
    sent_again: int
    observed: Observed
    violations: list[InvariantViolation]

    def __str__(self) -> str:
        seen = self.observed
        counts = {
            **{f"answer {status}": count for status, count in sorted(self.answers.items())},
            **{f"fault {name}": count for name, count in sorted(self.faults.items())},
            **{f"killed by poison: {role}": n for role, n in sorted(self.deaths.items())},
            "sent again by the reconciler": self.sent_again,
            "books": len(seen.books),
            "poison events": len(seen.poison),
            "dead letters": len(seen.dead_letters),
            "violations": len(self.violations),
        }
        lines = [f"{name:40} {count:6}" for name, count in counts.items()]
        return "\n".join([f"{self.pair}, seed {self.seed}", *lines, *map(str, self.violations)])

    def check(self) -> None:
        """Raise the first violation, if there is one."""
        for violation in self.violations:
            raise violation


def run(
    pair: str, folder: Path, *, duration: float, seed: int, only: Collection[str] = ()
) -> Report:
    """Run random faults (`only` these names, default: all) for `duration` seconds."""
    kind = PAIRS[pair]
    with kind.open(folder) as target, target.processes.watched():
        with target.writer.writing():
            families = [
                {name: fault for name, fault in faults.items() if not only or name in only}
                for faults in (kind.servers, processes.FAULTS)
            ]
            done = _inject_all(target, families, str(seed), time.monotonic() + duration)
        target.writer.finish(ANSWER_TIMEOUT)
        observed = _wait_until_quiescent(target, QUIESCENCE_TIMEOUT + 2 * duration)
        return _report(pair, seed, target, done, observed)


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


def _wait_until_quiescent(target: Target, within: float) -> Observed:
    """Wait until each event has its effect, at most `within` s; return the last observation."""
    begun = time.monotonic()
    latest: list[Observed] = []

    def complete() -> bool:
        latest[:] = [observe(target.processes.club.database, target.writer, target.processes)]
        return latest[0].is_quiescent

    try:
        eventually(complete, within=within, every=1.0)
        _log(f"all has its effect after {time.monotonic() - begun:.0f} s")
    except NotInTime:
        print(target.processes.club.log_tails())
    return latest[0]


def _report(pair: str, seed: int, target: Target, done: Counter[str], observed: Observed) -> Report:
    database = target.processes.club.database
    ((sent_again,),) = database.rows("SELECT coalesce(sum(number), 0) FROM resends")
    return Report(
        pair=pair,
        seed=seed,
        answers=target.writer.answers,
        faults=done,
        deaths=target.processes.deaths,
        sent_again=int(sent_again),
        observed=observed,
        violations=list(violations(observed)),
    )


def _log(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)
