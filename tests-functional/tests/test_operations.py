"""Start, wait, stop and status of processes while the database is away, busy or wrong."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from reading_club_functional.cluster import ClubCluster, open_cluster, prepared_cluster
from reading_club_functional.polling import eventually
from reading_club_functional.servers import PostgreSQLServer, ValkeyServer
from reading_club_functional.servers.ports import free_ports

STARTS = (["relay"], ["worker", "--subscriber", "activity"], ["web"])
WAITS = "waiting for the database"


@pytest.fixture
def club(tmp_path: Path, database_url: str, valkey: ValkeyServer) -> Iterator[ClubCluster]:
    """A club on PostgreSQL and Valkey, without processes."""
    with prepared_cluster(tmp_path, database_url, valkey.url) as club:
        yield club


def name_of(club: ClubCluster) -> str:
    """Return the name of the club's database."""
    return club.settings["database_url"].rpartition("/")[2]


def read_only(postgresql: PostgreSQLServer, club: ClubCluster, value: str) -> None:
    """Make the club's database read-only (`value` on) or writable (off); end its sessions."""
    name = name_of(club)
    postgresql.psql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
    postgresql.psql(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )


@contextmanager
def locked(postgresql: PostgreSQLServer, club: ClubCluster, table: str) -> Iterator[None]:
    """Lock a table exclusively, as an ALTER TABLE does."""
    sql = f"BEGIN; LOCK TABLE {table}; SELECT pg_sleep(60); COMMIT"

    def hold() -> None:
        with suppress(subprocess.CalledProcessError):  # the session is terminated below
            postgresql.psql(sql, name_of(club))

    threading.Thread(target=hold, daemon=True).start()
    held = f"SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass AND granted"
    eventually(lambda: postgresql.psql(held, name_of(club)) != "0")
    yield
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%'"
    postgresql.psql(f"{end} AND pid <> pg_backend_pid()")


def test_every_process_waits_for_its_database_and_goes_on(tmp_path: Path) -> None:
    """Processes started without the server log that once, and serve when the server is back."""
    with PostgreSQLServer() as server, ValkeyServer() as broker:
        url = server.create_database()
        with prepared_cluster(tmp_path, url, broker.url) as club:
            server.stop()
            processes = [club.begin(*arguments) for arguments in STARTS]
            for process in processes:
                process.expect(WAITS)
            time.sleep(1)
            assert all(process.running for process in processes)
            server.start()

            club.ready(*processes)

            assert all(process.output.count(WAITS) <= 2 for process in processes)
            assert not any("Traceback" in process.output for process in processes)


@pytest.mark.parametrize("arguments", STARTS, ids=lambda arguments: arguments[0])
def test_who_waits_stops_when_asked(club: ClubCluster, arguments: list[str]) -> None:
    """A process that waits for its database stops on SIGTERM at once, with exit code 0."""
    (port,) = free_ports(1)
    process = club.begin(*arguments, database_url=f"postgresql://127.0.0.1:{port}/club")
    process.expect(WAITS)

    process.send(signal.SIGTERM)
    asked = time.monotonic()

    assert process.wait() == 0
    assert time.monotonic() - asked < 8
    assert "Traceback" not in process.output


@pytest.mark.parametrize("arguments", STARTS, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize(
    ("change", "words"), [("database", "does not exist"), ("user", "refuses the user")]
)
def test_a_database_or_a_user_that_does_not_exist_ends_the_start(
    club: ClubCluster, postgresql: PostgreSQLServer, arguments: list[str], change: str, words: str
) -> None:
    """The process ends at once with exit code 2 and one line, since waiting would not help."""
    url = postgresql.database_url("no_such_database")
    if change == "user":
        url = club.settings["database_url"].replace("//postgres@", "//nobody_there@")
    process = club.begin(*arguments, database_url=url)

    assert process.wait() == 2
    (line,) = process.output.splitlines()
    assert words in line


def test_a_read_only_database_is_waited_for_and_told(
    club: ClubCluster, postgresql: PostgreSQLServer
) -> None:
    """Running processes continue, starting ones wait, health and status give the reason."""
    running = club.ready(club.begin("relay"), club.begin("web"))
    read_only(postgresql, club, "on")

    starting = [club.begin(*arguments) for arguments in STARTS[:2]]
    for process in starting:
        process.expect(WAITS)
        assert "the database is read-only" in process.output
    eventually(lambda: club.browser.get("/readyz").status_code == 503)
    assert club.browser.get("/readyz").json() == {"status": "unavailable"}
    code, report = club.status()
    assert code == 1
    assert report["health"]["database"]["detail"] == "the database is read-only"

    read_only(postgresql, club, "off")
    club.ready(*starting)
    eventually(lambda: club.browser.get("/readyz").status_code == 200)
    for process in (*running, *starting):
        assert process.running
        assert "Traceback" not in process.output


def test_a_locked_outbox_is_a_line(club: ClubCluster, postgresql: PostgreSQLServer) -> None:
    """The status marks the outbox as locked within seconds, and counts the rest."""
    with locked(postgresql, club, "outbox"):
        asked = time.monotonic()
        code, report = club.status()
        took = time.monotonic() - asked

    assert code == 3
    assert took < 15
    assert report["outbox"] is None
    assert report["unread"]["outbox"].startswith("locked")
    assert report["books"] == 0
    assert [s["name"] for s in report["subscribers"]] == [
        "activity",
        "catalogue",
        "imports",
        "notices",
    ]


@pytest.mark.nightly
def test_a_worker_that_has_ended_is_not_counted(
    tmp_path: Path, database_url: str, valkey: ValkeyServer
) -> None:
    """A stopped worker deletes its heartbeat at once; a lost row is written again."""
    with open_cluster(tmp_path, database_url, valkey.url) as club:
        eventually(lambda: club.status()[0] == 0)
        worker = club.worker("activity")
        assert eventually(lambda: club.status()[1]["running"]["worker activity"] == 2)
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0
        assert club.status()[1]["running"]["worker activity"] == 1
        club.database.rows("DELETE FROM processes WHERE role = 'relay'")

        eventually(lambda: club.status()[0] == 0, within=30)  # one heartbeat every ten seconds


@pytest.mark.nightly
def test_a_worker_that_is_killed_again_and_again_takes_nobody_along(club: ClubCluster) -> None:
    """Eight kills of one worker leave the other running; afterwards both handle events."""
    with club.begin("worker") as both:
        other = both.worker_of("activity")
        started, killed = time.monotonic(), set[int]()
        while len(killed) < 8:
            victim = both.worker_of("catalogue")
            killed.add(victim.pid)
            with suppress(psutil.NoSuchProcess):
                victim.kill()
                victim.wait(10)
        print(f"{len(killed)} kills in {time.monotonic() - started:.1f} s")

        assert both.running
        assert other.is_running()
        club.ready(club.begin("relay"), club.begin("web"))
        book = club.browser.add_book(title="DDD", author="Evans", isbn="0-321-12521-5")
        assert book.status_code == 201
        eventually(lambda: club.database.count("activity") == 1, within=30)
        eventually(lambda: club.database.count("catalogue") == 1, within=30)
