"""Files that still hold what was deleted are emptied: SQLite's log and the embedded broker's."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis import Redis

from reading_club.app.bootstrap.broker import rewrite_embedded_file
from reading_club.app.bootstrap.database import database_url, open_engine, upgrade_schema
from reading_club.app.bootstrap.relay import remove_remnants
from reading_club.app.embedded.broker import EmbeddedBroker
from reading_club.app.private_files import write_private
from reading_club.app.settings import Settings
from reading_club.testing.polling import eventually

WORDS = "an unmistakable opinion"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """An embedded broker that runs, as its data folder says."""
    broker = EmbeddedBroker(tmp_path)
    write_private(Settings(data_dir=tmp_path).broker_file, broker.url)
    broker.start()
    assert broker.wait_until_answering(10.0)
    yield broker
    broker.stop(10.0)


def holders(folder: Path) -> list[str]:
    """Return the names of files that hold the words; the broker may remove files meanwhile."""
    found = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):
            if WORDS.encode() in path.read_bytes():
                found.append(path.name)
    return found


def log_size(settings: Settings) -> int:
    """Return the size of SQLite's log."""
    return Path(f"{database_url(settings).database}-wal").stat().st_size


def test_the_file_of_the_embedded_broker_is_rewritten(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """What was taken from a queue is in the file until the rewrite, and not afterwards."""
    with Redis.from_url(broker.url) as client:
        client.lpush("queue", WORDS)
        client.lpop("queue")
    eventually(lambda: holders(tmp_path))

    rewrite_embedded_file(Settings(data_dir=tmp_path))

    eventually(lambda: not holders(tmp_path))


async def test_the_relay_empties_both_files(broker: EmbeddedBroker, tmp_path: Path) -> None:
    """SQLite's log is empty, and the broker's file rewritten."""
    settings = Settings(data_dir=tmp_path)
    await upgrade_schema(settings)
    with Redis.from_url(broker.url) as client:
        client.lpush("queue", WORDS)
        client.lpop("queue")

    async with open_engine(settings) as engine:
        await remove_remnants(settings, engine)

        assert log_size(settings) == 0
    eventually(lambda: not holders(tmp_path))
