"""A subscriber is paused and resumed, and its worker stopped, while events wait in its worker."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from amqp.exceptions import ChannelError

from reading_club.app.bootstrap.database import open_units_of_work
from reading_club.eventstream.pauses import pause_subscriber
from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.faulty_command import MODULE
from reading_club_functional.load import post_books
from reading_club_functional.nightly import ON_VALKEY_AT_NIGHT
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess
from reading_club_functional.queues import waiting

BOOKS = 500
"""Enough that a worker, which handles 50 in a second, has a batch and others that wait for it."""
OBEYED_WITHIN = 5.0
"""Seconds until every worker obeys a pause or its end."""
TIMEOUT = 60.0
WITNESS = (
    "CREATE TABLE {table}_ever (message_id uuid)",
    "CREATE FUNCTION witness_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO {table}_ever VALUES (NEW.message_id); RETURN NULL; END $$",
    "CREATE TRIGGER witness_{table} AFTER INSERT ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION witness_{table}()",
)
"""Statements that record all rows that a table ever had."""
LONG_AGO = f"since < now() - interval '{OBEYED_WITHIN + 1} s'"
TOO_LATE = (
    "subscriber = 'activity' AND received_at > (SELECT since FROM pauses)"
    f" + interval '{OBEYED_WITHIN} s'"
)


@pytest.fixture
def club(
    tmp_path: Path, database_url: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClubCluster]:
    """A club without a worker of the activity log, whose attempts and returns are recorded."""
    monkeypatch.setenv("HANDLER_FAULTS", "slows:")  # for a slow worker alone
    with prepared_cluster(tmp_path, database_url, broker_url) as club:
        for table in ("attempts", "returned"):
            for statement in WITNESS:
                club.database.rows(statement.format(table=table))
        club.ready(*club.begin_workers(without="activity"), club.begin("relay"), club.begin("web"))
        yield club


def slow_worker(club: ClubCluster) -> ClubProcess:
    """Start a worker of the activity log that takes 20 ms for each event."""
    return club.start("worker", "--subscriber", "activity", module=MODULE)


def handled(club: ClubCluster, subscriber: str = "activity") -> int:
    """Return how many events have taken effect at a subscriber."""
    return club.database.count("inbox", f"subscriber = '{subscriber}'")


def assert_nothing_was_suspected(club: ClubCluster, books: list[str]) -> None:
    """Assert that all took effect once, that none was counted, and that no record is left."""
    assert_consistent(club, books)
    assert club.database.count("dead_letters") == 0
    assert club.database.count("attempts_ever") == 0
    assert club.database.count("returned_ever") > 0
    assert club.database.count("returned") == 0


@ON_VALKEY_AT_NIGHT
def test_a_paused_subscriber_handles_nothing_until_it_is_resumed(
    club: ClubCluster, broker_url: str
) -> None:
    """It gives back what waits, stays paused across a crash, and no other subscriber is touched."""
    posted = post_books(club.url, BOOKS)
    worker = slow_worker(club)
    eventually(lambda: handled(club) > 0, within=TIMEOUT)
    asyncio.run(pause(club))

    eventually(lambda: in_worker(club, broker_url) == 0, within=TIMEOUT)
    before = handled(club)
    print(f"{before} of {BOOKS} handled")
    assert before < BOOKS
    worker.kill()
    later = post_books(club.url, 10)
    restarted = slow_worker(club)
    code, report = club.status()
    eventually(lambda: handled(club, "catalogue") == BOOKS + 10, within=TIMEOUT)
    eventually(lambda: club.database.count("pauses", LONG_AGO) == 1, within=TIMEOUT)

    assert "activity is paused" in restarted.output
    assert (code, report["culprits"]) == (0, [])
    (activity,) = [each for each in report["subscribers"] if each["name"] == "activity"]
    assert activity["paused_since"]
    assert activity["lag"] >= BOOKS - before
    assert handled(club) == before
    assert club.database.count("inbox", TOO_LATE) == 0
    assert club.call("subscribers", "resume", "activity") == "activity is resumed\n"
    eventually(lambda: handled(club) > before, within=OBEYED_WITHIN)
    assert_nothing_was_suspected(club, posted.ids + later.ids)


async def pause(club: ClubCluster) -> None:
    """Pause the activity log at once: the command would take a second to start."""
    async with open_units_of_work(club.app_settings) as make_uow:
        await pause_subscriber("activity", make_uow)


def in_worker(club: ClubCluster, broker_url: str) -> int:
    """Return how many events are neither handled nor in the queue: a worker has them."""
    try:
        queued = waiting(broker_url, "activity")["activity"]
    except ChannelError:  # an empty queue on Valkey
        queued = 0
    return BOOKS - handled(club) - queued - club.database.count("outbox")


@ON_VALKEY_AT_NIGHT
def test_what_a_stopping_worker_gives_back_is_not_suspected(club: ClubCluster) -> None:
    """After SIGTERM under load the next worker handles all events as if for the first time."""
    posted = post_books(club.url, BOOKS)
    stopped = slow_worker(club)
    eventually(lambda: handled(club) > 0, within=TIMEOUT)

    stopped.send(signal.SIGTERM)
    assert stopped.wait() == 0
    before = handled(club)
    slow_worker(club)

    print(f"{before} of {BOOKS} handled")
    assert before < BOOKS
    assert_nothing_was_suspected(club, posted.ids)
