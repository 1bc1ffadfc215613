"""The page for operators: its commands lead from a symptom to every effect, on a running club."""

import signal
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.faulty_command import MODULE
from reading_club_functional.page_commands import commands_below
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess
from reading_club_functional.queues import purge, waiting
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer

PAGE = "operate.md"
WITHIN = 30.0


def register(club: ClubCluster, *titles: str) -> None:
    """Register a book of each title."""
    for title in titles:
        book = {"title": title, "author": "Many", "isbn": an_isbn().canonical}
        assert club.browser.add_book(**book).status_code == 201


class Running(NamedTuple):
    """A club, and its worker of the catalogue."""

    club: ClubCluster
    catalogue: ClubProcess


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQLServer, rabbitmq: RabbitMQServer
) -> Iterator[Running]:
    """A club with web, relay and a worker of the catalogue, but none of the activity log."""
    folder, url = tmp_path_factory.mktemp("club"), postgresql.create_database()
    rabbitmq.empty()
    with prepared_cluster(folder, url, rabbitmq.url, attempts="2") as club:
        (catalogue,) = club.begin_workers("catalogue")
        club.ready(catalogue, club.begin("relay"), club.begin("web"))
        yield Running(club, catalogue)
    postgresql.drop_database(url)


@pytest.mark.nightly
def test_dead_letters_take_effect_by_the_commands_of_the_page(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are one group, each shows its attempts, and a retry by a mended worker handles all."""
    club = running.club
    monkeypatch.setenv("HANDLER_FAULTS", "fails:Poison")
    faulty = club.start("worker", "--subscriber", "activity", module=MODULE)
    listing, showing, life, trial, retry = commands_below(PAGE, "Dead letters appear")

    register(club, "Poison 1", "Poison 2", "Healthy")
    eventually(lambda: club.database.count("dead_letters") == 2, within=WITHIN)

    ((message_id,), _) = club.database.rows("SELECT message_id FROM dead_letters")
    assert "activity  1 events handled, 0 behind, 2 dead letters" in club.call("status")
    number, *_, group = club.call(*listing).split()
    assert (number, group) == ("2", retry[-1])
    assert club.call(*showing).count('"error": "ZeroDivisionError') == 2
    steps = club.call(*(str(message_id) if word == "ID" else word for word in life))
    assert steps.count("failed attempt") == 2
    assert "dead letter     after 2 attempts: ZeroDivisionError" in steps
    faulty.send(signal.SIGTERM)
    assert faulty.wait() == 0
    club.worker("activity")
    assert "2 dead letters would be sent again" in club.call(*trial)
    assert "2 dead letters sent again" in club.call(*retry)
    assert_consistent(club)


def assert_caught_up(club: ClubCluster) -> None:
    """Assert that the catalogue gets every book within a time."""
    books = club.database.count("books")
    eventually(lambda: club.database.count("catalogue") == books, within=WITHIN)


def test_who_is_behind_catches_up_by_the_commands_of_the_page(running: Running) -> None:
    """A pause is no culprit, and ends; what the broker lost while no worker ran is sent again."""
    pause, resume, (setting, *reconcile) = commands_below(PAGE, "A subscriber is behind")
    club, catalogue = running
    broker = club.settings["broker_url"]
    club.call(*pause)
    catalogue.expect("its worker consumes nothing")
    register(club, "While it is paused")
    eventually(lambda: waiting(broker)["catalogue"] == 1, within=WITHIN)

    _, report = club.status()
    (paused,) = [each for each in report["subscribers"] if each["paused_since"]]
    assert (paused["name"], paused["lag"]) == ("catalogue", 1)
    assert "catalogue" not in str(report["culprits"])
    club.call(*resume)
    assert_caught_up(club)
    catalogue.send(signal.SIGTERM)
    assert catalogue.wait() == 0
    register(club, "While no worker runs")
    eventually(lambda: waiting(broker)["catalogue"] == 1, within=WITHIN)
    assert "no worker of catalogue is running" in club.status()[1]["culprits"]
    purge(broker, "catalogue")
    club.worker("catalogue")
    club.settings["reconcile_after"] = setting.removeprefix("READING_CLUB_RECONCILE_AFTER=")
    said = "1 events did not arrive and are sent again"
    eventually(lambda: said in club.call(*reconcile), within=WITHIN)
    assert_caught_up(club)
