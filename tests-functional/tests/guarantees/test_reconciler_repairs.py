"""Confirmed events that a broker loses are sent again, once, to the subscribers that miss them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reading_club_functional.cluster import BOOK_SUBSCRIBERS, ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.load import post_books
from reading_club_functional.polling import eventually
from reading_club_functional.queues import delete, flush, purge, waiting

BOOKS = 20
ALL_OF_THEM = dict.fromkeys(BOOK_SUBSCRIBERS, BOOKS)
AFTER = "1"
"""Seconds until the reconciler regards an event as lost: the minimum."""
OLD_ENOUGH = "created_at < now() - interval '2 seconds'"


@pytest.fixture
def club(tmp_path: Path, database_url: str, broker_url: str) -> Iterator[ClubCluster]:
    """A club whose events are confirmed and on the queues, without workers."""
    with prepared_cluster(tmp_path, database_url, broker_url, reconcile_after=AFTER) as club:
        club.start("web")
        assert len(post_books(club.url, BOOKS).ids) == BOOKS
        eventually(lambda: not club.database.count("outbox"), within=30)
        eventually(lambda: waiting(broker_url) == ALL_OF_THEM)
        yield club


@pytest.mark.parametrize(
    ("broker_url", "lose"),
    [("rabbitmq", delete), ("valkey", flush)],
    indirect=["broker_url"],
)
def test_what_a_broker_has_lost_is_sent_again(
    club: ClubCluster, broker_url: str, lose: Callable[[str], None]
) -> None:
    """A relay sends the events without inbox rows again; each subscriber handles each once."""
    lose(broker_url)

    club.ready(*club.begin_workers(), club.begin("relay"))

    assert_consistent(club)
    print("sent again", sent_again(club))
    assert sent_again(club) == ALL_OF_THEM


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_only_who_misses_events_gets_them_again(club: ClubCluster, broker_url: str) -> None:
    """The command sends again what was purged, but not events that still wait in a queue."""
    eventually(lambda: not club.database.count("messages", f"NOT ({OLD_ENOUGH})"))
    late = club.call("reconcile")
    purge(broker_url, "catalogue")

    lost = club.call("reconcile")

    print(late, lost, "on the queues", waiting(broker_url), "sent again", sent_again(club))
    assert late == "0 events did not arrive\n"
    assert lost == f"{BOOKS} events did not arrive and are sent again\n"
    assert sent_again(club) == {"catalogue": BOOKS}
    assert waiting(broker_url) == ALL_OF_THEM
    club.ready(*club.begin_workers())
    assert_consistent(club)


def sent_again(club: ClubCluster) -> dict[str, int]:
    """Return the number of events that the reconciler has sent again, by subscriber."""
    counts = club.database.rows("SELECT subscriber, count(*) FROM resends GROUP BY subscriber")
    return dict(counts)
