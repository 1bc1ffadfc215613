"""Imports of books outlive kill -9 of all that they need: sums are equal, effects once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from reading_club_functional.cluster import prepared_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.imports import Importer, good_rows, library
from reading_club_functional.polling import eventually
from reading_club_functional.requirements import require
from reading_club_functional.restartable_cluster import RestartableCluster
from reading_club_functional.servers import (
    PostgreSQLServer,
    RabbitMQServer,
    Server,
    ValkeyServer,
)

pytestmark = pytest.mark.nightly

PRODUCTION, SMALL = "rabbitmq-postgresql", "valkey-sqlite"
WITHIN = 900.0
"""Seconds for an import, on a busy machine."""

ROWS = 10_000


@pytest.fixture(params=[PRODUCTION, SMALL])
def cluster(
    request: pytest.FixtureRequest, tmp_path: Path, postgresql: PostgreSQLServer
) -> Iterator[RestartableCluster]:
    """A running club with a broker of its own, which may be killed."""
    kind: type[Server] = RabbitMQServer if request.param == PRODUCTION else ValkeyServer
    require(kind)
    url = f"sqlite:///{tmp_path / 'club.sqlite3'}"
    if request.param == PRODUCTION:
        url = postgresql.create_database()
    with kind() as broker, prepared_cluster(tmp_path, url, broker.url, reconcile_after="5") as club:
        yield RestartableCluster(club, broker)
    if request.param == PRODUCTION:
        postgresql.drop_database(url)


def kill_worker(cluster: RestartableCluster) -> None:
    """Kill the worker of imports, and start its replacement."""
    cluster.workers["imports"].kill()
    cluster.workers["imports"] = cluster.club.worker("imports")


def kill_relay(cluster: RestartableCluster) -> None:
    """Kill the relay, and start its replacement."""
    cluster.relay.kill()
    cluster.relay = cluster.club.start("relay")


def kill_web(cluster: RestartableCluster) -> None:
    """Kill the web process, and start its replacement."""
    cluster.new_web()


def kill_broker(cluster: RestartableCluster) -> None:
    """Kill the broker, and start it again."""
    cluster.flush_to_disk()
    cluster.broker.kill()
    cluster.broker.start()


KILLS: tuple[Callable[[RestartableCluster], None], ...] = (
    kill_worker,
    kill_relay,
    kill_web,
    kill_broker,
)


def test_an_import_outlives_kills_of_all_that_it_needs(cluster: RestartableCluster) -> None:
    """Each row has one outcome, each book and review is there once, and so are their effects."""
    importer, content = Importer(cluster.club), "".join(library(ROWS)).encode()
    id_ = importer.post(content)["id"]

    for number, kill in enumerate(KILLS, start=1):
        share = ROWS * number // (len(KILLS) + 1)
        eventually(lambda s=share: importer.handled(id_) >= s, within=WITHIN)  # type: ignore[misc]
        kill(cluster)
    eventually(lambda: importer.is_finished(id_), within=WITHIN)

    sums, good = importer.get(id_)["sums"], good_rows(ROWS)
    print(sums)
    assert sums["added"] == good
    assert sums["rejected"] == ROWS - good
    assert (sums["rows"], sums["waiting"], sums["known"], sums["skipped"]) == (ROWS, 0, 0, 0)
    database = cluster.club.database
    assert database.count("books", "author LIKE 'Author %'") == good
    cluster.assert_consistent()


def test_the_same_file_again_does_nothing_twice(cluster: RestartableCluster) -> None:
    """A second member finds the books, and adds reviews alone."""
    first, second = Importer(cluster.club), Importer(cluster.club)
    content = "".join(library(500)).encode()
    ids = {}
    for name, importer in (("first", first), ("again", first), ("second", second)):
        ids[name] = id_ = importer.post(content)["id"]
        eventually(lambda i=importer, x=id_: i.is_finished(x), within=WITHIN)  # type: ignore[misc]

    good = good_rows(500)
    assert first.get(ids["first"])["sums"]["added"] == good
    assert first.get(ids["again"])["sums"]["known"] == good
    other = second.get(ids["second"])["sums"]
    assert other["added"] + other["known"] == good
    assert cluster.club.database.count("books", "author LIKE 'Author %'") == good
    cluster.assert_consistent()


def test_a_web_process_that_is_killed_while_it_reads_leaves_no_half_import(
    tmp_path: Path, database_url: str, valkey: ValkeyServer
) -> None:
    """The member imports again when the reading has surely ended, and has each row once."""
    with prepared_cluster(tmp_path, database_url, valkey.url) as club:
        web, importer = club.start("web"), Importer(club)
        club.ready(club.begin("relay"), *club.begin_workers())

        def kill_when_reading() -> None:
            eventually(lambda: club.database.count("import_rows") > 0, within=60)
            web.kill()

        interrupted(importer, "".join(library(50_000)).encode(), during=kill_when_reading)
        half = club.database.count("import_rows")
        club.start("web")
        content = "".join(library(300)).encode()
        with pytest.raises(httpx2.HTTPStatusError, match="409"):
            importer.post(content)
        club.database.rows("UPDATE imports SET changed_at = changed_at - interval '61 seconds'")
        id_ = importer.post(content)["id"]
        eventually(lambda: importer.is_finished(id_), within=WITHIN)

        assert half > 0
        assert club.database.count("import_rows") == 300
        assert importer.get(id_)["sums"]["added"] == good_rows(300)
        assert_consistent(club)


def interrupted(importer: Importer, content: bytes, *, during: Callable[[], None]) -> None:
    """Import a file while its web process is killed, so that no answer comes."""
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(importer.post, content)
        during()
        with pytest.raises(httpx2.HTTPError):
            posted.result()
