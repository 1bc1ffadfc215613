"""Private servers, databases and clusters for the benchmarks, and the amount of work."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club_functional import queues
from reading_club_functional.bench.backlog import INSERT_EVENTS
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.process import ClubProcess
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer


@dataclass(frozen=True)
class Environment:
    """The servers and the folder that all measures use."""

    postgresql: PostgreSQLServer
    rabbitmq: RabbitMQServer
    folder: Path
    quick: bool
    _templates: dict[object, str] = field(init=False, default_factory=dict)
    """The URLs of the databases that are copied."""

    def size(self, full: int) -> int:
        """Return the amount of work: `full`, or a tenth of it in a quick run."""
        return full // 10 if self.quick else full

    @contextmanager
    def copy(self, template: object, fill: Callable[[str], None]) -> Iterator[str]:
        """Yield the URL of a copy of the template, which `fill` fills when it is first needed.

        The server has written the copy to disk, and drops it at the end.
        """
        if template not in self._templates:
            url = self.postgresql.create_database()
            fill(url)
            self.postgresql.psql("VACUUM ANALYZE", _name(url))
            self._templates[template] = url
        copy = self.postgresql.create_database(template=_name(self._templates[template]))
        self.postgresql.psql("CHECKPOINT")
        try:
            yield copy
        finally:
            self.postgresql.drop_database(copy)

    @contextmanager
    def club(self, waiting: int = 0) -> Iterator[ClubCluster]:
        """Yield a cluster without processes and without queues, with `waiting` unsent events.

        Processes that are started in it end before its database is dropped.
        """

        def fill(url: str) -> None:
            asyncio.run(_migrate(url))
            if waiting:
                self.postgresql.psql(INSERT_EVENTS.format(count=waiting), _name(url))

        broker_url = self.rabbitmq.url
        queues.delete(broker_url)
        folder = Path(mkdtemp(dir=self.folder))
        with (
            self.copy(("club", waiting), fill) as database_url,
            ClubCluster(folder, database_url=database_url, broker_url=broker_url) as club,
        ):
            club.callback(queues.delete, broker_url)
            yield club


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
