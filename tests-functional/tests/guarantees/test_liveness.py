"""Health checks of a running club: of a handler that hangs, and during outages."""

import signal
import time
from pathlib import Path

import pytest

from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import ClubCluster, open_cluster, prepared_cluster
from reading_club_functional.faulty_command import MODULE
from reading_club_functional.polling import eventually
from reading_club_functional.servers import PostgreSQLServer, ValkeyServer

STALLED_AFTER = 5.0
"""Seconds after which a process of these tests hangs."""
ACTIVITY = ("worker", "--subscriber", "activity")
ROLES = (("web",), ("relay",), ("worker",), ACTIVITY)


def add_book(club: ClubCluster) -> None:
    """Register a book, whose event the workers handle."""
    answer = club.browser.add_book(title="T", author="A", isbn=an_isbn().canonical)
    assert answer.status_code == 201


def health(club: ClubCluster) -> list[tuple[int, str]]:
    """Return exit codes and sentences of the health checks."""
    return [club.healthcheck(*role) for role in ROLES]


@pytest.mark.nightly
@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_a_worker_whose_handler_hangs_is_unhealthy(
    tmp_path: Path, database_url: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its health check and log say why; the others are healthy, and it is when the handler ends."""
    marker = tmp_path / "hangs"
    monkeypatch.setenv("HANDLER_FAULTS", "waits:T")
    monkeypatch.setenv("HANDLER_FAULT_FILE", str(marker))
    options = {"log_format": "json", "stalled_after": str(STALLED_AFTER)}
    with prepared_cluster(tmp_path, database_url, broker_url, **options) as club:
        worker = club.begin(*ACTIVITY, module=MODULE)
        club.ready(worker, *club.begin_workers("catalogue"), club.begin("relay"), club.begin("web"))
        assert [code for code, _ in health(club)] == [0, 0, 0, 0]

        add_book(club)
        eventually(marker.exists)
        eventually(lambda: club.healthcheck(*ACTIVITY)[0] == 1, within=60)

        (web, relay, workers, (code, sentence)) = health(club)
        assert (web[0], relay[0], workers[0], code) == (0, 0, 1, 1)
        assert "hangs: the handling of events makes no progress" in sentence
        assert club.healthcheck("worker", "--subscriber", "catalogue")[0] == 0
        assert "the process hangs" in worker.output
        eventually(lambda: "no worker of activity is running" in str(club.status()[1]), within=60)
        marker.unlink()
        eventually(lambda: club.healthcheck(*ACTIVITY)[0] == 0, within=60)
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0
        assert club.healthcheck(*ACTIVITY)[0] == 1


@pytest.mark.nightly
def test_an_outage_of_broker_and_database_is_no_hang(tmp_path: Path) -> None:
    """While both are away, for longer than any part may hang, no container would be restarted."""
    with PostgreSQLServer() as server, ValkeyServer() as broker:
        url = server.create_database()
        stalled_after = str(STALLED_AFTER)
        with open_cluster(tmp_path, url, broker.url, stalled_after=stalled_after) as club:
            add_book(club)
            eventually(club.browser.activity)

            broker.stop()
            server.stop()
            until = time.monotonic() + 3 * STALLED_AFTER
            while time.monotonic() < until:
                assert not [sentence for code, sentence in health(club) if code]

            server.start()
            broker.start()
            eventually(lambda: club.browser.get("/readyz").json()["status"] == "ok", within=60)
            assert "the process hangs" not in "".join(
                log.read_text(encoding="utf-8") for log in tmp_path.glob("*.log")
            )
