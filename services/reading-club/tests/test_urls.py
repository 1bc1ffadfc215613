"""URLs of databases and brokers that the settings take."""

from pathlib import Path

import pytest

from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.bootstrap.database import database_url
from reading_club.app.settings import ConfigurationError, Settings

BROKERS = [
    *("amqp://h//", "amqps://h//", "pyamqp://h//", "redis://h/0", "rediss://h", "memory://"),
    "amqp://one//;amqp://two//",
]


@pytest.mark.parametrize("url", BROKERS)
def test_every_broker_of_the_adapter_is_taken(url: str) -> None:
    """A URL that the Celery adapter knows is used as it is."""
    settings = Settings.model_validate({"broker_url": url})

    assert broker_url(settings) == url


@pytest.mark.parametrize(("url", "spelled"), [("valkey://h/1", "redis://h/1")])
def test_valkey_is_spelled_as_its_client_does(url: str, spelled: str) -> None:
    """Valkey is reached by the client of Redis."""
    assert broker_url(Settings.model_validate({"broker_url": url})) == spelled


@pytest.mark.parametrize("url", ["sqs://h", "amqp://h:0", "redis://h/first", "amqp://a;b", "h:1"])
def test_other_brokers_are_refused(url: str) -> None:
    """An unknown scheme, port 0 or a database without a number is a wrong setting."""
    with pytest.raises(ConfigurationError, match="READING_CLUB_BROKER_URL"):
        broker_url(Settings.model_validate({"broker_url": url}))


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+asyncpg", "sqlite", "sqlite+aiosqlite"]
)
def test_every_database_of_the_adapter_is_taken(scheme: str) -> None:
    """A URL that the SQL adapter has a driver for keeps its scheme."""
    settings = Settings.model_validate({"database_url": f"{scheme}:///club"})

    assert database_url(settings).drivername == scheme


def test_without_a_url_the_database_is_a_file_of_the_data_folder(tmp_path: Path) -> None:
    """The SQLite file has an absolute path, whatever characters are in it."""
    folder = tmp_path / "a b?c=d#e"

    url = database_url(Settings(data_dir=folder))

    assert url.database == str(folder / "club.sqlite3")
