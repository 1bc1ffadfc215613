"""A club goes from an earlier release to this one, process by process, while members write."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from reading_club_functional.cluster import ClubCluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.old_release import Members, OldRelease, assert_told_as_on_the_page
from reading_club_functional.page_commands import commands_below
from reading_club_functional.polling import repeated
from reading_club_functional.process import ClubProcess
from reading_club_functional.servers import RabbitMQServer

PAGE = "upgrade.md"
EVERY = 0.1

pytestmark = pytest.mark.nightly
"""Eight processes of two releases; `test_older_release.py` has the web process of both."""


@pytest.fixture
def club(tmp_path: Path, database_url: str, rabbitmq: RabbitMQServer) -> Iterator[ClubCluster]:
    """A club of this release without processes, and without a schema."""
    rabbitmq.empty()
    with ClubCluster(tmp_path, database_url=database_url, broker_url=rabbitmq.url) as club:
        yield club


def stop(*processes: ClubProcess) -> None:
    """Stop processes as a deployment does."""
    for process in processes:
        process.send(signal.SIGTERM)
    assert [process.wait() for process in processes] == [0] * len(processes)


def test_the_releases_run_side_by_side_and_no_write_is_refused(
    club: ClubCluster, older: Path
) -> None:
    """By the steps of the page, under a stream of writes: every book has one effect."""
    old = OldRelease(club, older)
    assert old.call("migrate").returncode == 0
    running = old.begin_all()
    members = Members(old.url)
    club.callback(members.close)

    with repeated(members.post, EVERY):
        for step, *_ in commands_below(PAGE, "Replace one after the other"):
            members.wait_for_more()
            if step == "migrate":
                club.call("migrate")
                assert_told_as_on_the_page(old)
                continue
            club.ready(*(club.begin_workers() if step == "worker" else [club.begin(step)]))
            members.proxied = club.url if step == "web" else old.url
            members.wait_for_more()  # by processes of both releases
            stop(*running[step])
        members.wait_for_more()

    assert members.failures == []
    effects = assert_consistent(club, members.ids)
    assert effects.rows["catalogue"] == Counter(map(UUID, members.ids))
    code, report = club.status()
    assert (code, report["culprits"]) == (0, [])
