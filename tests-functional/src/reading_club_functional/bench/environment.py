"""Private servers, databases and clusters for the benchmarks, and the amount of work."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from reading_club.app.metrics.process import ProcessMetrics
from reading_club_functional import queues
from reading_club_functional.bench.backlog import INSERT_EVENTS, INSERT_OLD_ROWS
from reading_club_functional.bench.observation import observing, unobserved
from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.process import ClubProcess
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer


@dataclass(frozen=True)
class Environment:
    """The servers and the folder that all measures use."""

    postgresql: PostgreSQLServer
    rabbitmq: RabbitMQServer
    folder: Path
    quick: bool
    observed: bool = False
    """Whether the club logs JSON, serves metrics and records spans."""
    _templates: dict[object, str] = field(init=False, default_factory=dict)
    """The URLs of the databases that are copied."""

    def size(self, full: int) -> int:
        """Return the amount of work: `full`, or a tenth of it in a quick run."""
        return full // 10 if self.quick else full

    def observing(self, role: str) -> AbstractContextManager[ProcessMetrics | None]:
        """Return a block in which the club's part in this process is observed, if anything is."""
        return observing(self.folder, role) if self.observed else unobserved(role)

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
    def club(self, waiting: int = 0, old: int = 0) -> Iterator[ClubCluster]:
        """Yield a cluster without processes and without queues, with `waiting` unsent events.

        It has `old` expired inbox rows of a subscriber without workers.
        Processes that are started in it end before its database is dropped.
        """
        broker_url, folder = self.rabbitmq.url, Path(mkdtemp(dir=self.folder))

        def fill(url: str) -> None:
            with prepared_cluster(folder, url, broker_url):
                pass
            if waiting:
                self.postgresql.psql(INSERT_EVENTS.format(count=waiting), _name(url))
            if old:
                self.postgresql.psql(INSERT_OLD_ROWS.format(count=old), _name(url))

        queues.delete(broker_url)
        with (
            self.copy(("club", waiting, old), fill) as database_url,
            ClubCluster(folder, database_url=database_url, broker_url=broker_url) as club,
        ):
            club.observed = self.observed
            club.callback(queues.delete, broker_url)
            yield club


@contextmanager
def open_environment(*, quick: bool, observed: bool = False) -> Iterator[Environment]:
    """Start the servers; stop them and remove all files at the end."""
    with (
        TemporaryDirectory(prefix="reading-club-bench-") as folder,
        PostgreSQLServer() as postgresql,
        RabbitMQServer() as rabbitmq,
    ):
        yield Environment(postgresql, rabbitmq, Path(folder), quick, observed)


def stop(*processes: ClubProcess) -> None:
    """Send SIGTERM to the processes, and wait for their ends."""
    for process in processes:
        process.send(signal.SIGTERM)
        process.wait()


def _name(url: str) -> str:
    return url.rpartition("/")[2]
