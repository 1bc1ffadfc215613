"""Events without a handler in this release are parked until a release has one."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.eventstream.ports.outbox import OutboxKey, OutboxMessage
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.consistency import observe
from reading_club_functional.faulty_command import MODULE
from reading_club_functional.load import post_books
from reading_club_functional.nightly import ON_VALKEY_AT_NIGHT
from reading_club_functional.polling import eventually

BOOKS = 20
EFFECT_TIMEOUT = 60.0
WORKER = ("worker", "--subscriber", "activity")


@pytest.fixture
def club(tmp_path: Path, database_url: str, broker_url: str) -> Iterator[ClubCluster]:
    """A club without the worker of the activity log."""
    with prepared_cluster(tmp_path, database_url, broker_url) as club:
        club.ready(*club.begin_workers("catalogue"), club.begin("relay"), club.begin("web"))
        yield club


@ON_VALKEY_AT_NIGHT
def test_what_a_release_does_not_know_waits_for_the_next_one(
    club: ClubCluster, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parked events are replayed and handled once; an event of unknown type stays parked."""
    posted = post_to_old_release(club, broker_url, unknown := an_unknown_event(), monkeypatch)

    club.worker("activity")

    eventually(lambda: observe(club.database).is_quiescent, within=EFFECT_TIMEOUT)
    effects = observe(club.database)
    print(effects, dead_letters(club))
    assert effects.rows["activity"] == effects.rows["catalogue"] == Counter(map(UUID, posted))
    assert dead_letters(club) == [(unknown["type"], True, unknown)]
    replayed = club.database.rows("SELECT action, count(DISTINCT message_id) FROM audit GROUP BY 1")
    assert replayed == [("replay", BOOKS)]
    said = club.call("dead-letters", "discard", unknown["id"])
    assert said.endswith("1 dead letter discarded\n")
    assert dead_letters(club) == []


def post_to_old_release(
    club: ClubCluster, broker_url: str, unknown: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Register books and send the unknown event while an old worker runs; return the ids."""
    monkeypatch.setenv("HANDLER_FAULTS", "missing")
    old = club.start(*WORKER, module=MODULE)
    send(broker_url, unknown)
    posted = post_books(club.url, BOOKS)
    eventually(lambda: parked(club) == BOOKS + 1, within=EFFECT_TIMEOUT)
    print(observe(club.database))
    assert club.database.count("dead_letters", "NOT parked") == 0
    old.send(signal.SIGTERM)
    assert old.wait() == 0
    return posted.ids


def an_unknown_event() -> dict[str, str]:
    """Return the envelope of an event type that only a later release knows."""
    return {
        "id": str(uuid4()),
        "created_at": datetime.now(UTC).isoformat(),
        "type": "book_lent_v1",
        "payload": json.dumps({"id": str(uuid4())}),
    }


def send(broker_url: str, envelope: dict[str, str]) -> None:
    """Publish an event to the queue of the activity log, as a later release's relay does."""
    app = publisher_app(broker_url, SUBSCRIBERS)
    publisher = BatchPublisher(app)
    key = OutboxKey(uuid4(), "activity")
    assert list(publisher.publish([OutboxMessage(key, envelope)]).confirmed) == [key]
    publisher.close()
    app.close()


def parked(club: ClubCluster) -> int:
    """Return the number of parked events."""
    return club.database.count("dead_letters", "parked AND subscriber = 'activity'")


def dead_letters(club: ClubCluster) -> list[tuple[Any, ...]]:
    """Return type, parked flag and envelope of each dead letter."""
    found = club.database.rows("SELECT type, parked, envelope FROM dead_letters")
    return [(type_, parked, json.loads(envelope)) for type_, parked, envelope in found]
