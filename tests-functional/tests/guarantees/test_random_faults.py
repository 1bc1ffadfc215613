"""Random faults of everything at once break no promise; a seed does the same again.

READING_CLUB_FAULTS_DURATION (seconds, for each kind of club) and READING_CLUB_FAULTS_SEED change
what is run; ``make faults`` runs longer, with a random seed.
"""

import os
from pathlib import Path

import pytest

from reading_club_functional.faults.pairs import PAIRS
from reading_club_functional.faults.runner import run
from reading_club_functional.requirements import require
from reading_club_functional.servers import RabbitMQServer

DURATION = float(os.environ.get("READING_CLUB_FAULTS_DURATION", "30"))
SEED = int(os.environ.get("READING_CLUB_FAULTS_SEED", "1"))


@pytest.mark.parametrize("pair", PAIRS)
def test_random_faults_break_no_promise(pair: str, tmp_path: Path) -> None:
    """Nothing is lost, made up, doubled or set aside but poison, and no process ends by itself."""
    if pair.endswith("rabbitmq"):
        require(RabbitMQServer)

    report = run(pair, tmp_path, duration=DURATION, seed=SEED)

    print(report)
    assert report.answers["201"] > DURATION
    assert sum(report.faults.values()) > DURATION / 10
    report.check()
