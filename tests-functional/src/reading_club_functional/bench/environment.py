"""Private servers, databases and clusters for the benchmarks, and the amount of work."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club_functional import queues
from reading_club_functional.bench.backlog import INSERT_EVENTS
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.process import ClubProcess
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer
from reading_club_functional.servers.ports import free_ports


class Databases:
    """Copies of template databases; each template is filled once, when it is first needed."""

    def __init__(self, server: PostgreSQLServer) -> None:
        self._server = server
        self._templates: dict[object, str] = {}

    @contextmanager
    def migrated(self, waiting: int = 0) -> Iterator[str]:
        """Yield the URL of a club's database whose outbox has `waiting` unsent events."""
        with self.copy(("club", waiting), lambda url: self._fill(url, waiting)) as url:
            yield url

    @contextmanager
    def copy(self, template: object, fill: Callable[[str], None]) -> Iterator[str]:
        """Yield the URL of a copy of the template; `fill` fills the template.

        The server has written the copy to disk, and drops it at the end.
        """
        if template not in self._templates:
            url = self._server.create_database()
            fill(url)
            self._server.psql("VACUUM ANALYZE", _name(url))
            self._templates[template] = url
        copy = self._server.create_database(template=_name(self._templates[template]))
        self._server.psql("CHECKPOINT")
        try:
            yield copy
        finally:
            self._server.drop_database(copy)

    def _fill(self, url: str, waiting: int) -> None:
        asyncio.run(_migrate(url))
        if waiting:
            self._server.psql(INSERT_EVENTS.format(count=waiting), _name(url))


@dataclass(frozen=True)
class Environment:
    """The servers and the folder that all measures use."""

    postgresql: PostgreSQLServer
    rabbitmq: RabbitMQServer
    folder: Path
    quick: bool

    def size(self, full: int) -> int:
        """Return the amount of work: `full`, or a tenth of it in a quick run."""
        return full // 10 if self.quick else full

    @cached_property
    def databases(self) -> Databases:
        """The databases on the server."""
        return Databases(self.postgresql)

    @contextmanager
    def club(self, waiting: int = 0) -> Iterator[ClubCluster]:
        """Yield a cluster without processes and without queues, with `waiting` unsent events.

        Processes that are started in it end before its database is dropped.
        """
        broker_url = self.rabbitmq.url
        queues.delete(broker_url)
        with ExitStack() as stack:
            database_url = stack.enter_context(self.databases.migrated(waiting))
            stack.callback(queues.delete, broker_url)
            settings = {"database_url": database_url, "broker_url": broker_url}
            settings["port"] = str(*free_ports(1))
            yield ClubCluster(Path(mkdtemp(dir=self.folder)), settings, stack)


@contextmanager
def open_environment(*, quick: bool) -> Iterator[Environment]:
    """Start the servers; stop them and remove all files at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="reading-club-bench-")))
        postgresql = stack.enter_context(PostgreSQLServer())
        rabbitmq = stack.enter_context(RabbitMQServer())
        yield Environment(postgresql, rabbitmq, folder, quick)


def stop(*processes: ClubProcess) -> None:
    """Send SIGTERM to the processes, and wait for their ends."""
    for process in processes:
        process.send(signal.SIGTERM)
        process.wait()


async def _migrate(url: str) -> None:
    engine = create_engine(url)
    try:
        await migrations.upgrade(engine)
    finally:
        await engine.dispose()


def _name(url: str) -> str:
    return url.rpartition("/")[2]
