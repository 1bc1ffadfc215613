"""A projection is rebuilt while the club is served, and the rebuild is killed in between."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.load import post_books
from reading_club_functional.polling import eventually, repeated
from reading_club_functional.servers import ValkeyServer

OLD, NEW = 2000, 20
"""Books of the history, and books that are added during the rebuild."""
EFFECT_TIMEOUT = 60.0
HISTORY = f"""\
INSERT INTO messages (id, created_at, type, metadata, payload)
SELECT gen_random_uuid(), now(), 'book_registered_v1', '{{}}', json_build_object(
    'id', gen_random_uuid(), 'isbn', '9780321125217', 'title', 'T' || number, 'author', 'A')
FROM generate_series(1, {OLD}) AS number"""  # a number
LIVE = """\
SELECT book_id, title, author, isbn FROM catalogue
WHERE coalesce((SELECT live FROM projections WHERE name = 'catalogue'), 0) = 0
UNION ALL SELECT book_id, title, author, isbn FROM catalogue_rebuilt
WHERE generation = (SELECT live FROM projections WHERE name = 'catalogue')"""
CHECKSUM = f"SELECT count(*), md5(string_agg(live::text, ',' ORDER BY book_id)) FROM ({LIVE}) live"
RUNNING = "SELECT position FROM projections WHERE building IS NOT NULL AND position > 0"


@pytest.fixture
def club(tmp_path: Path, database_url: str, valkey: ValkeyServer) -> Iterator[ClubCluster]:
    """A club whose history is older than its subscribers."""
    with prepared_cluster(tmp_path, database_url, valkey.url) as club:
        club.database.rows(HISTORY)
        club.ready(*club.begin_workers(), club.begin("relay"), club.begin("web"))
        yield club


def test_a_killed_rebuild_goes_on_and_readers_miss_nothing(club: ClubCluster) -> None:
    """A new subscriber gets the history; its rows stay whole while they are built once more."""
    assert f"{OLD} events" in club.call("rebuild", "catalogue")
    assert checksum(club)[0] == OLD
    seen: list[int] = []
    with repeated(lambda: seen.append(checksum(club)[0]), every=0.2):
        killed = club.begin("rebuild", "catalogue")
        posting = threading.Thread(target=lambda: posted.append(post_books(club.url, NEW)))
        posted: list[Any] = []
        eventually(lambda: club.database.rows(RUNNING), within=EFFECT_TIMEOUT)
        posting.start()
        killed.kill()
        (unfinished,) = club.status()[1]["rebuilds"]
        assert 0 < unfinished["share"] < 1
        posting.join()
        said = club.call("rebuild", "catalogue")
    print(said, unfinished, len(seen))

    assert "catalogue was rebuilt" in said
    assert f"{OLD} events" not in said
    assert seen == sorted(seen)
    assert len(posted[0].ids) == NEW
    eventually(lambda: checksum(club)[0] == OLD + NEW, within=EFFECT_TIMEOUT)
    before = checksum(club)
    club.call("rebuild", "catalogue")
    assert checksum(club) == before
    assert club.database.count("catalogue") == 0


def checksum(club: ClubCluster) -> tuple[int, str]:
    """Return the number of rows that readers see, and a checksum of them."""
    ((number, text),) = club.database.rows(CHECKSUM)
    return number, text
