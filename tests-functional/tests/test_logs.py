"""The log of each process while the database is read-only."""

from pathlib import Path

from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import ClubCluster, open_cluster
from reading_club_functional.nightly import ON_VALKEY_AT_NIGHT
from reading_club_functional.polling import eventually
from reading_club_functional.servers import PostgreSQLServer

REASON = "the database is read-only"
REQUESTS = 300


def read_only(postgresql: PostgreSQLServer, url: str, switch: str) -> None:
    """Make the database read-only (`switch` on) or writable (off), and end its sessions."""
    name = url.rpartition("/")[2]
    postgresql.psql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {switch}')
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
    postgresql.psql(f"{ended}'{name}'")


def register(club: ClubCluster) -> tuple[int, str]:
    """Try to register a book; return the status and the detail of the answer."""
    book = {"title": "T", "author": "Many", "isbn": an_isbn().canonical}
    answer = club.browser.post("/api/books", json=book)
    return answer.status_code, answer.json().get("detail", "")


@ON_VALKEY_AT_NIGHT
def test_a_database_that_refuses_is_a_line_in_every_log(
    tmp_path: Path, postgresql: PostgreSQLServer, database_url: str, broker_url: str
) -> None:
    """Each 503 is one line with its reason; web, relay and workers write no traceback."""
    with open_cluster(tmp_path, database_url, broker_url) as club:
        assert register(club)[0] == 201
        eventually(club.browser.activity)
        read_only(postgresql, database_url, "on")
        eventually(lambda: register(club) == (503, REASON))
        before = len(log_of(tmp_path, "web").splitlines())

        answers = {register(club) for _ in range(REQUESTS)}
        lines = log_of(tmp_path, "web").splitlines()[before:]

        assert answers == {(503, REASON)}
        told = [line for line in lines if f"reason={REASON!r}" in line]
        assert len(told) == REQUESTS
        assert all("method=POST path=/api/books" in line for line in told)
        assert len(lines) < REQUESTS + 20
        read_only(postgresql, database_url, "off")
        eventually(lambda: register(club)[0] == 201)
        assert "Traceback" not in "".join(log_of(tmp_path, name) for name in PROCESSES)


PROCESSES = ("web", "relay", "worker")


def log_of(folder: Path, name: str) -> str:
    """Return the output of all processes of a kind."""
    return "".join(log.read_text(encoding="utf-8") for log in folder.glob(f"{name}-*.log"))
