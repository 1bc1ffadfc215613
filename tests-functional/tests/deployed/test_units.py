"""A club by the units of systemd, with the rights of its roles, over TLS to both servers."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from amqp import Message
from amqp.exceptions import AccessRefused
from kombu import Connection, Exchange, Queue
from kombu.exceptions import OperationalError
from pydantic import SecretStr

from reading_club.adapters.eventstream.broker_url import BrokerUrl
from reading_club.app.settings import Settings
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import Browser
from reading_club_functional.deployed.certificates import Authority
from reading_club_functional.deployed.roles import make_roles, set_passwords
from reading_club_functional.deployed.secrets import as_in_etc, credentials_of, make_secrets
from reading_club_functional.deployed.tls_proxy import TlsProxy
from reading_club_functional.deployed.tls_rabbitmq import TlsRabbitMQServer
from reading_club_functional.deployed.units import Unit, started
from reading_club_functional.members import tokens_of_members
from reading_club_functional.polling import eventually
from reading_club_functional.requirements import require
from reading_club_functional.servers import PostgreSQLServer
from reading_club_functional.servers.ports import free_ports

PUBLISHER, WORKER = "broker_url_publisher", "broker_url_worker"


@dataclass(frozen=True)
class Deployed:
    """The servers of a club and its secrets, in folders as the units name them."""

    etc: Path
    state: Path
    database: str

    def unit(self, name: str, instance: str = "") -> Unit:
        """Return a unit of the club."""
        return Unit(name, self.etc, self.state, instance)

    def broker(self, user: str) -> Connection:
        """Return a connection to the broker over TLS, with the rights of a user."""
        url = BrokerUrl((self.etc / user).read_text())
        return Connection(url.without_tls, ssl=url.tls or False)


@pytest.fixture(scope="module")
def deployed(
    postgresql: PostgreSQLServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """Both servers with TLS, roles, users, permissions and secrets, and no process."""
    require(TlsRabbitMQServer)
    folder = tmp_path_factory.mktemp("deployed")
    secrets, authority = make_secrets(folder), Authority(folder)
    url = postgresql.create_database()
    name = make_roles(postgresql, url)
    set_passwords(postgresql, name, secrets)
    certificate = authority.certificate("127.0.0.1", "localhost")
    definitions = (secrets / "broker_definitions").read_text()
    publisher = credentials_of((secrets / PUBLISHER).read_text())
    context = authority.server_context("localhost")
    with (
        TlsProxy(context, postgresql.port, postgresql=True) as proxy,
        TlsRabbitMQServer(certificate, definitions, publisher) as broker,
    ):
        database = f"localhost:{proxy.port}/{name}?sslrootcert={authority.file}"
        address = f"127.0.0.1:{broker.tls_port}//?cacertfile={authority.file}"
        as_in_etc(secrets, folder / "etc", database=database, broker=address)
        yield Deployed(folder / "etc", folder / "state", name)
    postgresql.drop_database(url)


@pytest.mark.nightly
def test_the_units_run_a_club(
    deployed: Deployed, postgresql: PostgreSQLServer, tmp_path: Path
) -> None:
    """Each tells systemd that it is ready and alive, and a book is in the activity.

    Every process stops within the time that its unit gives.
    """
    (port,) = free_ports(1)
    workers = [deployed.unit("reading-club-worker@", s.name) for s in SUBSCRIBERS]
    units = [deployed.unit("reading-club-web"), deployed.unit("reading-club-relay"), *workers]
    with ExitStack() as stack:
        migration, _ = stack.enter_context(started(deployed.unit("reading-club-migrate"), tmp_path))
        assert migration.wait() == 0, migration.output
        running = [stack.enter_context(started(unit, tmp_path, port=str(port))) for unit in units]
        for _, systemd in running:
            systemd.expect("READY=1")
        for _, systemd in running:
            systemd.expect("WATCHDOG=1")
        add_a_book(deployed, port, tmp_path)
        for process, _ in running:
            process.send(signal.SIGTERM)
        for unit, (process, _) in zip(units, running, strict=True):
            assert process.wait(float(unit.value("TimeoutStopSec"))) == 0, process.output
            assert "refuse" not in process.output.lower()

    passwords = "SELECT count(*) FROM pg_authid WHERE rolname ~ '^reading_club' "
    assert postgresql.psql(passwords + "AND rolpassword ~ '^SCRAM-SHA-256'") == "2"


def add_a_book(deployed: Deployed, port: int, folder: Path) -> None:
    """Take a book with a member's token, and wait until the activity shows the book."""
    url = SecretStr((deployed.etc / "database_url").read_text())
    settings = Settings(database_url=url, data_dir=folder)
    (token,) = asyncio.run(tokens_of_members(settings, 1))
    headers = {"Authorization": f"Bearer {token}"}
    with Browser(base_url=f"http://127.0.0.1:{port}", headers=headers) as browser:
        answer = browser.add_book(title="T", author="A", isbn=an_isbn().canonical)
        assert answer.status_code == 201, answer.text
        id_ = answer.json()["id"]
        eventually(lambda: id_ in str(browser.activity()))  # beside the member, who is there too
        eventually(lambda: browser.get("/api/books").json()["items"])


def test_a_worker_cannot_publish(deployed: Deployed) -> None:
    """Neither to the exchange of the events nor to a queue."""
    with deployed.broker(WORKER) as connection:
        for exchange, key in (("eventstream", "book_registered_v1"), ("", "eventstream.activity")):
            channel: Any = connection.channel()
            channel.basic_publish(Message("{}"), exchange, key)
            with pytest.raises(AccessRefused):
                connection.drain_events(timeout=10)


def test_a_publisher_cannot_consume(deployed: Deployed) -> None:
    """It declares the subscribers' queues, and reads none."""
    queue = Queue("eventstream.another", durable=True)
    with deployed.broker(PUBLISHER) as connection:
        queue(connection.channel()).declare()
        with pytest.raises(AccessRefused):
            queue(connection.channel()).get()
        queue(connection.channel()).delete()


@pytest.mark.parametrize("user", [PUBLISHER, WORKER])
def test_queues_of_other_names_are_refused(deployed: Deployed, user: str) -> None:
    """A user can neither make a queue or exchange of another name, nor read one."""
    with deployed.broker(user) as connection:
        for other in (Queue("celery"), Queue("eventstreams"), Exchange("others", type="topic")):
            with pytest.raises(AccessRefused):
                other(connection.channel()).declare()
        with pytest.raises(AccessRefused):
            Queue("celery")(connection.channel()).get()


def test_guest_does_not_exist(deployed: Deployed) -> None:
    """The definitions have two users, and RabbitMQ's own is none of them."""
    url = BrokerUrl((deployed.etc / PUBLISHER).read_text())
    user = credentials_of(url.without_tls)
    guest = Connection(url.without_tls.replace(user, "guest:guest"), ssl=url.tls or False)

    with pytest.raises((AccessRefused, OperationalError)), guest:
        guest.ensure_connection(max_retries=1, interval_start=0)
