"""Private servers, one of each kind a run, and what the tests need of them."""

from collections.abc import Iterator

import pytest
from kombu import pools
from redis import Redis

from reading_club_functional.requirements import require
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer, ValkeyServer

# Brokers are killed here, and kombu leaves the sockets of lost connections to the garbage
# collector: it meets them in whatever test runs by then.
LEFT_SOCKETS = (
    r"ignore:Exception ignored in. <socket\.socket:pytest.PytestUnraisableExceptionWarning"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let no test answer for the sockets of another one."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings(LEFT_SOCKETS))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQLServer]:
    """A private PostgreSQL."""
    with PostgreSQLServer() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A private Valkey."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQServer]:
    """A private RabbitMQ; where it is not installed, the test says how to install it."""
    require(RabbitMQServer)
    with RabbitMQServer() as server:
        yield server


@pytest.fixture
def database_url(postgresql: PostgreSQLServer) -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = postgresql.create_database()
    yield url
    postgresql.drop_database(url)


@pytest.fixture(params=["rabbitmq", "valkey"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """An empty broker: RabbitMQ, then Valkey.

    kombu keeps connections for the whole process, and remembers what it declared on them.
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
