"""Fixtures: private servers, one of each kind per run, with empty databases and brokers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import pools
from redis import Redis

from reading_club.app.accounts.passwords import Passwords
from reading_club.app.testing import FastHasher
from reading_club_functional.browser.fixtures import chromium, club_with, site, site_with, visit
from reading_club_functional.releases import commits, environment_of
from reading_club_functional.requirements import require
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer, ValkeyServer

__all__ = ["chromium", "club_with", "site", "site_with", "visit"]

# Tests kill brokers, and kombu leaves the sockets of lost connections to the garbage collector,
# which may report them in any later test.
LEFT_SOCKETS = (
    r"ignore:Exception ignored in. <socket\.socket:pytest.PytestUnraisableExceptionWarning"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore, in each test, warnings about sockets that another test left open."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings(LEFT_SOCKETS))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQLServer]:
    """A private PostgreSQL server."""
    with PostgreSQLServer() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A private Valkey server."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQServer]:
    """A private RabbitMQ; if it is not installed, the test is skipped with instructions."""
    require(RabbitMQServer)
    with RabbitMQServer() as server:
        yield server


@pytest.fixture(scope="session", params=list(commits()))
def older(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheels of an earlier release."""
    folder = tmp_path_factory.mktemp("release") / "environment"
    return environment_of(request.param, folder, ("reading-club", "reading-club-domain[testing]"))


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Passwords with a fast hash."""
    passwords = Passwords(FastHasher())
    yield passwords
    passwords.close()


@pytest.fixture
def database_url(postgresql: PostgreSQLServer) -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = postgresql.create_database()
    yield url
    postgresql.drop_database(url)


@pytest.fixture(params=["rabbitmq", "valkey"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """An empty broker: RabbitMQ, then Valkey.

    kombu's pools, which cache connections and declarations per process, are reset first.
    """
    pools.reset()
    if request.param == "rabbitmq":
        server: RabbitMQServer = request.getfixturevalue("rabbitmq")
        server.empty()
        return server.url
    url: str = request.getfixturevalue("valkey").url
    with Redis.from_url(url) as client:
        client.flushall()
    return url
