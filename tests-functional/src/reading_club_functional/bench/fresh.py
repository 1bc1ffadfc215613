"""A fresh club for each round, and the check that every event took effect once."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from uuid import UUID

from reading_club_functional import queues
from reading_club_functional.bench.stage import Stage
from reading_club_functional.bench.templates import Templates
from reading_club_functional.club import Club
from reading_club_functional.database import Database
from reading_club_functional.process import ClubProcess
from reading_club_functional.servers import PostgreSQLServer


class NotOnce(AssertionError):
    """An event was lost or took effect twice, so that there is nothing to compare."""


@contextmanager
def fresh_club(stage: Stage, postgresql: PostgreSQLServer | None = None) -> Iterator[Club]:
    """Lend a club on an empty database and on a broker without queues, and no process yet.

    What has been started in it ends with the process of the ``with``, before the database does.
    """
    broker_url = stage.rabbitmq.url
    queues.delete(broker_url)
    with ExitStack() as stack:
        database_url = stack.enter_context(_templates(postgresql or stage.postgresql).club())
        stack.callback(queues.delete, broker_url)
        settings = {"database_url": database_url, "broker_url": broker_url, "port": "0"}
        yield Club(Path(mkdtemp(dir=stage.folder)), settings, stack)


def assert_once(database: Database, ids: Iterable[UUID]) -> None:
    """Return if inbox and activity log have a row for each of these events, and no other row.

    Raises NotOnce.
    """
    wanted = sorted(ids)
    received = "SELECT message_id FROM inbox WHERE subscriber = 'activity' ORDER BY 1"
    for what, query in (("inbox", received), ("effects", "SELECT id FROM activity ORDER BY 1")):
        found = [UUID(str(id_)) for (id_,) in database.rows(query)]
        if found != wanted:
            raise NotOnce(f"{what}: {len(found)} rows for {len(wanted)} events")
    if left := database.count("dead_letters"):
        raise NotOnce(f"{left} dead letters")


def stop(process: ClubProcess) -> None:
    """Ask a process to end, and return when it has: it does nothing behind the check's back."""
    process.send(signal.SIGTERM)
    process.wait()


@cache
def _templates(server: PostgreSQLServer) -> Templates:
    return Templates(server)
