"""Processes that are killed under load log what they do: every event is a path of the model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reading_club_functional.cluster import SUBSCRIBER_NAMES, prepared_cluster
from reading_club_functional.load import post_books
from reading_club_functional.proof.logged_runs import logged
from reading_club_functional.proof.traces import Refused, check_log, read_log
from reading_club_functional.restartable_cluster import RestartableCluster
from reading_club_functional.servers import RabbitMQServer


@pytest.fixture
def cluster(
    tmp_path: Path, database_url: str, rabbitmq: RabbitMQServer
) -> Iterator[RestartableCluster]:
    """A club whose processes log their calls; at its end each event is checked."""
    rabbitmq.empty()
    with prepared_cluster(tmp_path, database_url, rabbitmq.url) as club, logged(club):
        yield RestartableCluster(club, rabbitmq)


def test_a_run_with_killed_processes_is_a_path_of_the_model(cluster: RestartableCluster) -> None:
    """Web, worker and relay are killed under load; the log without a publication is refused."""

    def new_worker() -> None:
        cluster.workers["activity"].kill()
        cluster.workers["activity"] = cluster.club.worker("activity")

    def new_relay() -> None:
        cluster.relay.kill()
        cluster.relay = cluster.club.start("relay")

    kills = (cluster.new_web, new_worker, new_relay, cluster.new_web)
    rounds = [post_books(cluster.club.url, 100, during=kill) for kill in kills]

    cluster.assert_consistent(*rounds)
    calls = read_log(cluster.club.folder / "protocol")
    published = next(call for call in calls if call["action"] == "publish")
    with pytest.raises(Refused):
        check_log([call for call in calls if call is not published], SUBSCRIBER_NAMES[0])
