"""Random faults of all components violate no invariant; a seed repeats the schedule.

The environment variables READING_CLUB_FAULTS_DURATION (seconds, for each pair) and
READING_CLUB_FAULTS_SEED change the run; ``make faults`` runs longer, with a random seed.
"""

import os
from pathlib import Path

import pytest

from reading_club_functional.faults.checker import check
from reading_club_functional.faults.pairs import PAIRS
from reading_club_functional.faults.runner import run
from reading_club_functional.requirements import require
from reading_club_functional.servers import RabbitMQServer

DURATION = float(os.environ.get("READING_CLUB_FAULTS_DURATION", "30"))
SEED = int(os.environ.get("READING_CLUB_FAULTS_SEED", "1"))


@pytest.mark.nightly
@pytest.mark.parametrize("pair", PAIRS)
def test_random_faults_break_no_promise(pair: str, tmp_path: Path) -> None:
    """Each event takes effect once, poison becomes a dead letter, each process keeps running."""
    if pair.endswith("rabbitmq"):
        require(RabbitMQServer)

    report = run(pair, tmp_path, duration=DURATION, seed=SEED)

    print(report)
    assert report.answers["201"] > DURATION
    assert sum(report.observed.versions.values()) > DURATION / 3
    assert sum(report.faults.values()) > DURATION / 10
    check(report.observed)
