"""Private servers for the benchmarks, and how large the work is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer


@dataclass(frozen=True)
class Stage:
    """What every measure works on."""

    postgresql: PostgreSQLServer
    rabbitmq: RabbitMQServer
    folder: Path
    quick: bool

    def size(self, full: int) -> int:
        """Return how much work to do: a tenth of it when it has to be quick."""
        return full // 10 if self.quick else full


@contextmanager
def open_stage(*, quick: bool) -> Iterator[Stage]:
    """Start the servers, and remove everything in the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="reading-club-bench-")))
        postgresql = stack.enter_context(PostgreSQLServer())
        rabbitmq = stack.enter_context(RabbitMQServer())
        yield Stage(postgresql, rabbitmq, folder, quick)
