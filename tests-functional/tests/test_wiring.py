"""A queue with other arguments stops its worker alone, and ``doctor`` says what is wrong."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Queue

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.process import command, environment

QUEUE, OTHER = "eventstream.activity", "eventstream.catalogue"

pytestmark = pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)


@pytest.fixture
def club(tmp_path: Path, database_url: str, broker_url: str) -> Iterator[ClubCluster]:
    """A club without processes, whose activity has a queue of another kind."""
    with Connection(broker_url) as connection:
        Queue(QUEUE, durable=True)(connection.channel()).declare()
    with prepared_cluster(tmp_path, database_url, broker_url) as club:
        yield club


def findings(club: ClubCluster) -> list[dict[str, Any]]:
    """Return what ``doctor`` finds, by its exit code as well."""
    done = subprocess.run(
        command("doctor", "--json"),
        env=environment(club.folder, **club.settings),
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,  # it looks at a club whose processes have just started
        check=False,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    assert done.returncode == (1 if found else 0)
    return found


def wrong(club: ClubCluster) -> set[str]:
    """Return what is wrong, as ``doctor`` says it."""
    return {each["wrong"] for each in findings(club)}


def test_a_queue_of_another_kind_stops_its_worker_alone(club: ClubCluster, broker_url: str) -> None:
    """Its worker ends with one sentence; relay, web and the other worker start, and doctor tells.

    Once the queue is deleted, the worker starts and all is well.
    """
    assert f"queue {OTHER} does not exist" in wrong(club)
    refused = club.begin("worker", "--subscriber", "activity")

    assert refused.wait() == 2
    assert f"queue {QUEUE} exists on the broker with other arguments" in refused.output
    assert f"`rabbitmqctl delete_queue {QUEUE}`" in refused.output
    assert "Traceback" not in refused.output
    club.ready(*club.begin_workers(without="activity"), club.begin("relay"), club.begin("web"))
    assert wrong(club) == {
        f"queue {QUEUE} cannot be declared: PRECONDITION_FAILED",
        "no worker of activity is running",
    }

    with Connection(broker_url) as connection:
        Queue(QUEUE)(connection.channel()).delete()
    club.ready(*club.begin_workers("activity"))

    assert findings(club) == []
