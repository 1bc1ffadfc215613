"""Acknowledgements that fail because the broker was killed while handlers ran."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent, observe
from reading_club_functional.faulty_command import MODULE as FAULTY_COMMAND
from reading_club_functional.load import post_books
from reading_club_functional.polling import NotInTime, eventually, repeated
from reading_club_functional.servers import ValkeyServer

PREFETCH_LIMIT, BOOKS = 64, 96
"""The prefetch limit of the worker's only thread, and the number of books."""
REDELIVERY_TIMEOUT = 120.0
"""Seconds: Valkey redelivers prefetched messages, which were not begun, after a minute."""


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that handlers create, and whose deletion they wait for."""
    marker = tmp_path / "marker"
    monkeypatch.setenv("HANDLER_FAULTS", "waits")
    monkeypatch.setenv("HANDLER_FAULT_FILE", str(marker))
    return marker


@pytest.fixture
def broker() -> Iterator[ValkeyServer]:
    """A Valkey server that the test may kill."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def club(
    tmp_path: Path, database_url: str, broker: ValkeyServer, marker: Path
) -> Iterator[ClubCluster]:
    """A club on Valkey whose activity log waits in each of its handlers."""
    assert not marker.exists()
    # A message that Valkey was delivering when it was killed is in no queue: it is sent again.
    with prepared_cluster(tmp_path, database_url, broker.url, reconcile_after="5") as club:
        activity = ("worker", "--subscriber", "activity", "--concurrency", "1")
        club.ready(
            club.begin(*activity, module=FAULTY_COMMAND),
            *club.begin_workers("catalogue"),
            club.begin("relay"),
            club.begin("web"),
        )
        yield club


def test_a_worker_goes_on_though_it_could_acknowledge_nothing(
    club: ClubCluster, broker: ValkeyServer, marker: Path
) -> None:
    """Handlers end while the broker is away; afterwards the worker takes the other messages."""
    posted = post_books(club.url, BOOKS)
    eventually(lambda: marker.exists() and queued(broker) + handled(club) <= BOOKS - PREFETCH_LIMIT)
    broker.kill()
    eventually(lambda: release_handlers(marker) and handled(club) >= 1)
    while_away = handled(club)
    broker.start()

    # A batch of all that was sent again waits once for each of its events.
    with repeated(partial(release_handlers, marker), every=0.01):
        eventually(lambda: handled(club) >= BOOKS - PREFETCH_LIMIT, within=30)
        print(f"{while_away} were handled while the broker was away, {handled(club)} soon after")
        with suppress(NotInTime):  # the assertion on the counts says more
            eventually(lambda: observe(club.database).is_quiescent, within=REDELIVERY_TIMEOUT)
    assert_consistent(club, posted.ids)


def queued(broker: ValkeyServer) -> int:
    """Return the number of messages in the activity log's queue."""
    with Redis.from_url(broker.url) as client:
        length: Any = client.llen("eventstream.activity")
        return int(length)


def release_handlers(marker: Path) -> bool:
    """Let the waiting handlers go on; return True."""
    marker.unlink(missing_ok=True)
    return True


def handled(club: ClubCluster) -> int:
    """Return the number of events that the activity log has handled."""
    return club.database.count("inbox", "subscriber = 'activity'")
