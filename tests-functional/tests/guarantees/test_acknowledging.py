"""Acknowledgements that fail because the broker was killed while handlers ran."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from reading_club_functional import moody
from reading_club_functional.club import Club, prepared_club
from reading_club_functional.effects import assert_everything_took_effect_once, effects_of
from reading_club_functional.load import post_books
from reading_club_functional.polling import NotInTime, eventually
from reading_club_functional.servers import ValkeyServer

HANDS, BOOKS = 64, 96
"""The prefetch limit of the worker's only thread, and the number of books."""
LATE = 120.0
"""Seconds: Valkey redelivers prefetched messages, which were not begun, after a minute."""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that handlers create, and whose deletion they wait for."""
    told = tmp_path / "told"
    monkeypatch.setenv("MOODY", "waits")
    monkeypatch.setenv("MOODY_FILE", str(told))
    return told


@pytest.fixture
def broker() -> Iterator[ValkeyServer]:
    """A Valkey server that the test may kill."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def club(tmp_path: Path, database_url: str, broker: ValkeyServer, told: Path) -> Iterator[Club]:
    """A club on Valkey whose activity log waits in each of its handlers."""
    assert not told.exists()
    # A message that Valkey was delivering when it was killed is in no queue: it is sent again.
    with prepared_club(tmp_path, database_url, broker.url, reconcile_after="5") as club:
        activity = ("worker", "--subscriber", "activity", "--concurrency", "1")
        club.ready(
            club.begin(*activity, module=moody.MODULE),
            *club.begin_workers("catalogue"),
            club.begin("relay"),
            club.begin("web"),
        )
        yield club


def test_a_worker_goes_on_though_it_could_acknowledge_nothing(
    club: Club, broker: ValkeyServer, told: Path
) -> None:
    """Handlers end while the broker is away; afterwards the worker takes the other messages."""
    posted = post_books(club.url, BOOKS)
    eventually(lambda: told.exists() and queued(broker) + handled(club) <= BOOKS - HANDS)
    broker.kill()
    eventually(lambda: let_go_on(told) and handled(club) >= 1)
    while_away = handled(club)
    broker.start()

    eventually(lambda: let_go_on(told) and handled(club) >= BOOKS - HANDS, within=30)

    print(f"{while_away} were handled while the broker was away, {handled(club)} soon after")
    with suppress(NotInTime):  # the assertion on the counts says more
        eventually(lambda: let_go_on(told) and effects_of(club.database).settled, within=LATE)
    assert_everything_took_effect_once(club, posted.ids)


def queued(broker: ValkeyServer) -> int:
    """Return the number of messages in the activity log's queue."""
    with Redis.from_url(broker.url) as client:
        length: Any = client.llen("eventstream.activity")
        return int(length)


def let_go_on(told: Path) -> bool:
    """Let the waiting handlers go on; return True."""
    told.unlink(missing_ok=True)
    return True


def handled(club: Club) -> int:
    """Return the number of events that the activity log has handled."""
    return club.database.count("inbox", "subscriber = 'activity'")
