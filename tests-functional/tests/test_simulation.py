"""Production code in simulated worlds keeps its promises, and each world can be replayed."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reading_club_functional.proof.mutation import LISTED, ROOT
from reading_club_functional.simulation.__main__ import main
from reading_club_functional.simulation.ablation import SEEN_BY_TESTS, guards
from reading_club_functional.simulation.batches import run_seeds, search
from reading_club_functional.simulation.runner import run_seed
from reading_club_functional.simulation.scenarios import SEEDED
from reading_club_functional.simulation.search import deviations, parsed, run_with, written

SEEDS = 150
REPLAYS = 10
NIGHTLY_REPLAYS = 100
NIGHTLY_SEEDS = 100_000
FILES = {guard["file"] for guard in LISTED.values()}


def test_no_seed_breaks_a_promise() -> None:
    """A portion of the seeds that ``make simulate`` runs."""
    report = run_seeds("large", 0, SEEDS, jobs=1, enough=1)

    print(f"{report.runs:,} seeds, {report.steps:,} steps")
    assert not report.broken


@pytest.mark.parametrize("scenario", ["smallest", "small"])
def test_no_single_deviation_breaks_a_promise(scenario: str) -> None:
    """One step later, one stall beyond every lease, or one crash, at each step of a small world."""
    report = search(scenario, 1, jobs=1, enough=1)

    print(f"{report.runs:,} runs of the {scenario} scenario, {report.steps:,} steps")
    assert not report.broken


@pytest.mark.parametrize(
    ("scenario", "guard", "jobs"),
    [
        ("large", "inbox: a handled event is not handled again", "1"),
        ("large", "attempted: it is in no batch", "2"),
        ("stopped", "returned: a stop records before it rejects", "1"),
        ("outages", "attempts: a deferral takes back a count whose commit is in doubt", "1"),
        ("adapters", "lease: the token is checked by every finishing write", "1"),
    ],
)
def test_a_missing_guard_is_found_and_replayed(
    scenario: str, guard: str, jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """``make simulate`` fails and names a seed, whose replay has the same hash."""
    missing = ["--scenario", scenario, "--without", guard]
    code = main([*missing, "--seeds", f"{SEEDS}", "--jobs", jobs])
    told = capsys.readouterr().out
    found = re.search(r"hash (\w+), of its replay the same\n.*--seed (\d+) --without '", told)

    assert code == 1
    assert found is not None
    trace, seed = found.groups()
    assert main([*missing, "--seed", seed]) == 1
    assert f"hash {trace}\nbroken: " in capsys.readouterr().out
    assert main(["--scenario", scenario, "--seed", seed]) == 0


def test_each_guard_of_the_protocol_is_on_the_page() -> None:
    """The tables tell which rung notices that it is missing, or which test does."""
    page = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
    known = list(guards([]))

    assert [guard for guard in known if f"| {guard} |" not in page] == []
    assert set(known) >= SEEN_BY_TESTS


def test_each_guard_is_where_it_is_said_to_be() -> None:
    """Code that has moved takes its guard along."""
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in FILES}

    assert [name for name, g in LISTED.items() if texts[g["file"]].count(g["old"]) != 1] == []


def test_an_unknown_guard_is_refused() -> None:
    """The error names it."""
    with pytest.raises(SystemExit, match="'no such guard'"):
        main(["--without", "no such guard"])


@pytest.mark.parametrize("scenario", [each for each in SEEDED if each != "large"])
def test_no_seed_of_another_scenario_breaks_a_promise(scenario: str) -> None:
    """Workers are of an older release, or are stopped; outages last for long; batches are full."""
    report = run_seeds(scenario, 0, SEEDS // 10, jobs=1, enough=1)

    print(f"{report.runs:,} seeds of the {scenario} scenario, {report.steps:,} steps")
    assert not report.broken


def test_a_seed_has_the_same_hash_again() -> None:
    """The hash of all steps is that of the seed, and of no other one."""
    hashes = {run_seed("large", 7).trace for _ in range(REPLAYS)}

    assert len(hashes) == 1
    assert run_seed("large", 8).trace not in hashes


def test_a_seed_has_the_same_hash_in_another_process() -> None:
    """Neither addresses of objects nor the salt of hashes are in it."""
    program = "from reading_club_functional.simulation.runner import run_seed;"
    command = [sys.executable, "-c", f"{program} print(run_seed('large', 7).trace)"]

    traces = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": salt}, check=True, capture_output=True
        ).stdout
        for salt in ("1", "2")
    }

    assert traces == {f"{run_seed('large', 7).trace}\n".encode()}


@pytest.mark.nightly
def test_a_seed_has_the_same_hash_a_hundred_times() -> None:
    """As often as one likes."""
    assert len({run_seed("large", 9).trace for _ in range(NIGHTLY_REPLAYS)}) == 1


def test_a_deviation_is_one() -> None:
    """A run with deviations differs from the default one, and can be written down and replayed."""
    chosen = parsed("20:later,60:crash")

    assert parsed(written(chosen)) == chosen
    assert run_with("small", chosen).trace == run_with("small", chosen).trace
    assert run_with("small", chosen).trace != run_with("small", ()).trace


def test_two_deviations_are_never_at_the_same_step() -> None:
    """Each set of up to two is tried once."""
    chosen = list(deviations("smallest", 2))

    assert len(chosen) == len(set(chosen))
    assert all(len({one.step for one in each}) == len(each) for each in chosen)


def test_a_wrong_deviation_is_refused() -> None:
    """The error names it."""
    with pytest.raises(ValueError, match="sooner"):
        parsed("3:sooner")


def test_a_run_leaves_no_loop_behind() -> None:
    """Threads, clocks and random numbers are those of the machine again."""
    before = os.urandom

    run_seed("smallest", 1)

    assert os.urandom is before
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
