"""Processes stop on SIGTERM although the broker does not answer."""

import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.load import post_books
from reading_club_functional.outages import frozen
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess
from reading_club_functional.requirements import require
from reading_club_functional.servers import RabbitMQServer, Server, ValkeyServer

STOP_TIMEOUT = 20.0
"""Seconds: less than a service manager waits before SIGKILL."""


@pytest.fixture(
    params=[RabbitMQServer, pytest.param(ValkeyServer, marks=pytest.mark.nightly)],
    ids=["rabbitmq", "valkey"],
)
def broker(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A broker that the test may freeze."""
    kind: type[Server] = request.param
    require(kind)
    with kind() as server:
        yield server


@pytest.fixture
def club(tmp_path: Path, database_url: str, broker: Server) -> Iterator[ClubCluster]:
    """A club without processes."""
    with prepared_cluster(tmp_path, database_url, broker.url) as club:
        yield club


def test_whoever_has_nothing_to_do_stops_at_once(club: ClubCluster, broker: Server) -> None:
    """Web, relay and workers, connected to a frozen broker, end with code 0."""
    processes = [*club.begin_workers(), club.begin("relay"), club.begin("web")]
    club.ready(*processes)
    post_books(club.url, 5)
    assert_consistent(club)

    with frozen(broker):
        seconds = stop(processes)

    print({name: f"{took:.1f} s" for name, took in seconds.items()})
    assert len(seconds) == len(processes)


def stop(processes: list[ClubProcess]) -> dict[str, float]:
    """Send SIGTERM to all processes at once; return the seconds that each took, by name."""
    seconds: dict[str, float] = {}
    start = monotonic()
    for process in processes:
        process.send(signal.SIGTERM)

    def all_have_ended() -> bool:
        ended = [each for each in processes if each.name not in seconds and not each.running]
        seconds.update((each.name, monotonic() - start) for each in ended)
        return len(seconds) == len(processes)

    eventually(all_have_ended, within=STOP_TIMEOUT)
    assert {process.wait() for process in processes} == {0}
    return seconds
