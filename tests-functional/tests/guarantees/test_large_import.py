"""The largest file: bounded memory, and pages that are served meanwhile."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.imports import Importer, good_rows, library
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess
from reading_club_functional.servers import RabbitMQServer

pytestmark = pytest.mark.nightly

ROWS = 200_000
WITHIN = 7200.0
LOOKS = 300
"""Requests of a page between two numbers."""
GROWTH = 150
"""Megabytes by which no process may grow: the file alone, as rows in memory, would take more."""


@pytest.fixture
def club(tmp_path: Path, database_url: str, rabbitmq: RabbitMQServer) -> Iterator[ClubCluster]:
    """A club without processes."""
    with prepared_cluster(tmp_path, database_url, rabbitmq.url) as club:
        yield club


def p99_of_a_page(club: ClubCluster) -> float:
    """Return the 99th percentile of the milliseconds of the shelf's page."""
    took: list[float] = []
    with httpx2.Client(base_url=club.url, timeout=60) as client:
        for _ in range(LOOKS):
            began = time.perf_counter()
            client.get("/").raise_for_status()
            took.append(1000 * (time.perf_counter() - began))
    return sorted(took)[LOOKS * 99 // 100]


def memory(processes: Iterable[ClubProcess]) -> dict[str, int]:
    """Return the resident megabytes of each process, by its command."""
    return {
        process.name: max(each.memory_info().rss for each in process.family()) // 10**6
        for process in processes
    }


def test_200_000_rows_are_imported_while_pages_are_served(club: ClubCluster) -> None:
    """The memory of no process grows with the file; the page's times are printed."""
    processes = club.ready(*club.begin_workers(), club.begin("relay"), club.begin("web"))
    importer, content = Importer(club), "".join(library(ROWS)).encode()
    idle, before = p99_of_a_page(club), memory(processes)

    with ThreadPoolExecutor(1) as pool:
        posted: Future[dict[str, Any]] = pool.submit(importer.post, content)
        reading = p99_of_a_page(club)
        id_ = posted.result()["id"]
    after_reading = memory(processes)
    eventually(lambda: importer.handled(id_) > ROWS // 10, within=WITHIN, every=1.0)
    handling = p99_of_a_page(club)
    eventually(lambda: importer.is_finished(id_), within=WITHIN, every=1.0)
    after = memory(processes)

    print(f"p99 of a page: {idle:.0f} ms, {reading:.0f} ms while the file is read,")
    print(f"{handling:.0f} ms while its rows are handled; {len(content) / 1e6:.0f} MB")
    print(f"MB at first {before}, when read {after_reading}, at the end {after}")
    assert importer.get(id_)["sums"]["added"] == good_rows(ROWS)
    for name, size in before.items():
        assert max(after_reading[name], after[name]) - size < GROWTH, name
