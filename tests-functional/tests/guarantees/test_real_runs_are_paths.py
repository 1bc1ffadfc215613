"""Processes that are killed under load log what they do: every event is a path of the model."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from reading_club_functional.cluster import SUBSCRIBER_NAMES, prepared_cluster
from reading_club_functional.load import post_books
from reading_club_functional.proof.logged_command import FOLDER, MODULE
from reading_club_functional.proof.traces import Refused, check_log, read_log
from reading_club_functional.restartable_cluster import RestartableCluster
from reading_club_functional.servers import RabbitMQServer


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to which processes of the module with a log append."""
    folder = tmp_path / "protocol"
    folder.mkdir()
    monkeypatch.setenv(FOLDER, str(folder))
    return folder


@pytest.fixture
def cluster(
    tmp_path: Path, log: Path, database_url: str, rabbitmq: RabbitMQServer
) -> Iterator[RestartableCluster]:
    """A club whose processes log their calls."""
    assert log.exists()
    rabbitmq.empty()
    with prepared_cluster(tmp_path, database_url, rabbitmq.url) as club:
        club.module = MODULE
        yield RestartableCluster(club, rabbitmq)


def test_a_run_with_killed_processes_is_a_path_of_the_model(
    cluster: RestartableCluster, log: Path
) -> None:
    """Web, worker and relay are killed under load; a log without a publication is refused."""

    def new_worker() -> None:
        cluster.workers["activity"].kill()
        cluster.workers["activity"] = cluster.club.worker("activity")

    def new_relay() -> None:
        cluster.relay.kill()
        cluster.relay = cluster.club.start("relay")

    kills = (cluster.new_web, new_worker, new_relay, cluster.new_web)
    rounds = [post_books(cluster.club.url, 100, during=kill) for kill in kills]
    cluster.assert_consistent(*rounds)
    events = cluster.club.database.rows("SELECT id FROM messages WHERE type = 'book_registered_v1'")
    stored = {str(UUID(str(id_))) for (id_,) in events}
    cluster.club.close()
    calls = read_log(log)

    paths = [check_log(calls, name) for name in SUBSCRIBER_NAMES]

    killed = sum(call["end"] == float("inf") and call["action"] != "claim" for call in calls)
    claims = sum(call["action"] == "claim" and bool(call["keys"]) for call in calls)
    print(f"{len(stored)} events; {len(calls)} calls, {killed} ended by a kill, {claims} claims")
    assert all(path >= stored for path in paths)
    published = next(call for call in calls if call["action"] == "publish")
    with pytest.raises(Refused):
        check_log([call for call in calls if call is not published], SUBSCRIBER_NAMES[0])
