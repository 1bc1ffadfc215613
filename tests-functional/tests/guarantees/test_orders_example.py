"""The orders of ``examples`` while a broker or a process dies: none is lost, none is doubled."""

import asyncio
import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from reading_club_functional.database import Database
from reading_club_functional.outages import frozen, killed
from reading_club_functional.polling import eventually, repeated
from reading_club_functional.process import ClubProcess
from reading_club_functional.requirements import require
from reading_club_functional.servers import RabbitMQServer

EXAMPLE = Path(__file__).parents[3] / "examples" / "orders"
BEFORE, DURING = 20, 40
"""Orders that are packed before the fault, and that are placed while a broker is away."""
EVERY = 0.05
"""Seconds between two orders."""
PACKED_WITHIN = 120.0
"""Seconds: a lease of a relay that died, and the time that a worker takes to reconnect."""


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMQServer]:
    """A RabbitMQ that only these tests use, and kill."""
    require(RabbitMQServer)
    with RabbitMQServer() as server:
        yield server


class OrdersProcesses(ExitStack):
    """Relay and worker of the example, and a client that places orders in its database."""

    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__()
        self.folder = folder
        self.database = Database(database_url)
        self.url = database_url
        self.orders: Any = importlib.import_module("orders")
        assert self.start("migrate").wait() == 0
        self.relay, self.worker = self.start("relay"), self.start("worker")
        self.relay.expect("the relay is ready")
        self.worker.expect("ready.")

    def start(self, command: str) -> ClubProcess:
        """Start a command of the example, which ends with this object."""
        return self.enter_context(ClubProcess(self.folder, command, settings={}, module="orders"))

    def place(self, count: int = 1) -> None:
        """Place orders, each in a transaction of its own."""

        async def store() -> None:
            async with self.orders.OrdersUnitOfWork.open(self.url) as make_uow:
                for _ in range(count):
                    async with make_uow() as transaction:
                        order = self.orders.PlaceOrder(article="a lamp")
                        await self.orders.bus.handle(order, transaction)
                        await transaction.commit()

        asyncio.run(store())

    def restart_relay(self) -> None:
        """Kill the relay, and start another."""
        self.relay.kill()
        self.relay = self.start("relay")

    def restart_worker(self) -> None:
        """Kill the worker, and start another."""
        self.worker.kill()
        self.worker = self.start("worker")

    def wait_until_packed(self, count: int) -> None:
        """Wait until there are this number of parcels, or more."""
        eventually(lambda: self.database.count("parcels") >= count, within=PACKED_WITHIN)

    def counts(self) -> dict[str, int]:
        """Return the number of rows of the tables that tell what became of the orders."""
        tables = ("orders", "parcels", "inbox", "outbox", "dead_letters")
        return {table: self.database.count(table) for table in tables}

    def assert_all_packed_once(self) -> None:
        """Wait until nothing is under way, and compare: a second parcel would be a dead letter."""
        placed = self.database.count("orders")
        self.wait_until_packed(placed)
        eventually(lambda: not self.database.count("outbox"), within=PACKED_WITHIN)

        once = dict.fromkeys(("orders", "parcels", "inbox"), placed)
        assert self.counts() == {**once, "outbox": 0, "dead_letters": 0}
        of_orders = "SELECT count(*) FROM orders JOIN parcels USING (id, article)"
        assert self.database.rows(of_orders) == [(placed,)]
        print(f"{placed} orders, each of them packed once")


@pytest.fixture
def processes(
    tmp_path: Path,
    database_url: str,
    broker: RabbitMQServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[OrdersProcesses]:
    """The example on PostgreSQL and RabbitMQ, with orders that are packed."""
    broker.empty()
    monkeypatch.syspath_prepend(EXAMPLE)
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLE))
    monkeypatch.setenv("ORDERS_DATABASE_URL", database_url)
    monkeypatch.setenv("ORDERS_BROKER_URL", broker.url)
    with OrdersProcesses(tmp_path, database_url) as processes:
        processes.place(BEFORE)
        processes.wait_until_packed(BEFORE)
        broker.flush_to_disk()
        yield processes


@pytest.mark.parametrize("outage", [killed, pytest.param(frozen, marks=pytest.mark.nightly)])
def test_orders_outlive_their_broker(
    processes: OrdersProcesses,
    broker: RabbitMQServer,
    outage: Callable[[RabbitMQServer], AbstractContextManager[None]],
) -> None:
    """Orders are placed all the while: none waits for the broker, and all are packed in the end."""
    with repeated(processes.place, every=EVERY), outage(broker):
        enough = processes.database.count("orders") + DURING
        eventually(lambda: processes.database.count("orders") >= enough, within=PACKED_WITHIN)

    processes.assert_all_packed_once()


@pytest.mark.parametrize("name", ["relay", pytest.param("worker", marks=pytest.mark.nightly)])
def test_orders_outlive_a_process(processes: OrdersProcesses, name: str) -> None:
    """Two times the process is killed while it works, and replaced."""
    restart = {"relay": processes.restart_relay, "worker": processes.restart_worker}[name]
    with repeated(lambda: processes.place(10), every=0.0):
        for _ in range(2):
            enough = processes.database.count("parcels") + BEFORE
            restart()
            processes.wait_until_packed(enough)

    processes.assert_all_packed_once()
