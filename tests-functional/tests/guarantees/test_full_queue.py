"""One subscriber's queue is full: the other gets all events at once, the first one later."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.load import post_books
from reading_club_functional.outages import full
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess
from reading_club_functional.queues import unbind, waiting
from reading_club_functional.servers import RabbitMQServer

BOOKS = 60
DELIVERY_TIMEOUT = 20.0
"""Seconds: the start of a worker and a few polls of the relay, on a slow machine."""
REASON = "queue eventstream.activity is full or takes no messages"


@pytest.fixture
def club(tmp_path: Path, database_url: str, broker_url: str) -> Iterator[ClubCluster]:
    """A club with a web process."""
    with prepared_cluster(tmp_path, database_url, broker_url, reconcile_after="1") as club:
        club.start("web")
        assert not post_books(club.url, 1).failures
        eventually(lambda: not club.database.count("outbox"), within=DELIVERY_TIMEOUT)
        yield club


@pytest.fixture
def relay(club: ClubCluster) -> ClubProcess:
    """The relay of the club."""
    return club.start("relay")


@pytest.mark.usefixtures("relay")
@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_the_other_subscriber_has_everything_while_one_queue_is_full(
    club: ClubCluster, broker_url: str, rabbitmq: RabbitMQServer
) -> None:
    """Only rows of the full queue wait, with the reason, without attempts or dead letters."""
    with full(rabbitmq, "activity"):
        posted = post_books(club.url, BOOKS)
        eventually(lambda: not others_wait(club), within=DELIVERY_TIMEOUT)
        on_queue = waiting(broker_url)
        club.worker("catalogue")
        eventually(lambda: received(club, "catalogue") == BOOKS + 1, within=DELIVERY_TIMEOUT)
        eventually(lambda: not club.database.count("outbox", "reason IS NULL"))
        refused = club.database.count("outbox", "subscriber = 'activity'")
        reasons = club.database.rows("SELECT DISTINCT reason FROM outbox")

    print(f"{refused} of {BOOKS} refused; on the queues {on_queue}")
    assert len(posted.ids) == BOOKS
    assert BOOKS / 2 < refused <= BOOKS
    assert [reason for (reason,) in reasons] == [REASON]
    assert BOOKS + 1 <= on_queue["catalogue"] <= 2 * BOOKS + 1, "more than one extra copy each"
    assert not club.database.count("outbox", "attempts > 0")
    logs = "".join(log.read_text(encoding="utf-8") for log in club.folder.glob("*.log"))
    assert "the broker is away" not in logs
    assert "a queue refuses events" in logs
    club.worker("activity")
    assert_consistent(club, posted.ids)


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_a_binding_that_is_lost_is_put_back_and_its_events_are_sent_again(
    club: ClubCluster, relay: ClubProcess, broker_url: str
) -> None:
    """The reconciler restores the binding without a new connection, and sends missed events.

    Events that come later need no relay: they arrive by the binding.
    """
    unbind(broker_url, "activity", "book_registered_v1")
    missed = post_books(club.url, BOOKS)
    club.ready(*club.begin_workers())

    eventually(lambda: received(club, "activity") == BOOKS + 1, within=60.0)
    eventually(lambda: not club.database.count("outbox"))  # copies of what was on its way
    relay.send(signal.SIGTERM)
    relay.wait()
    heard = post_books(club.url, BOOKS)

    assert_consistent(club, [*missed.ids, *heard.ids])
    assert club.database.count("resends", "subscriber = 'activity'") <= BOOKS + 1


def others_wait(club: ClubCluster) -> int:
    """Return the number of outbox rows that are not for the activity log alone."""
    return club.database.count("outbox", "subscriber <> 'activity'")


def received(club: ClubCluster, subscriber: str) -> int:
    """Return the number of events that a subscriber has handled."""
    return club.database.count("inbox", f"subscriber = '{subscriber}'")
