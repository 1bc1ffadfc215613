"""Databases for the measures: each is made once, and copied for every round."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club_functional.servers import PostgreSQLServer

WAITING = """\
INSERT INTO messages (id, created_at, type, metadata, payload)
SELECT uuidv7(), now(), 'book_registered_v1',
    '{"name": "book_registered", "schema_version": 1, "published": true}',
    json_build_object('id', uuidv7(), 'isbn', 9780000000000 + number,
        'title', 'Domain-Driven Design', 'author', 'Eric Evans')
FROM generate_series(1, %d) AS number;
INSERT INTO outbox (message_id, subscriber, token, leased_until, attempts)
SELECT id, '', '00000000-0000-0000-0000-000000000000', now(), 0 FROM messages ORDER BY id"""
"""Inserts this many events into the message store and the outbox, all unsent."""


class Templates:
    """Lends copies of databases, and makes what they are copied from when it is first asked for."""

    def __init__(self, server: PostgreSQLServer) -> None:
        self._server = server
        self._urls: dict[object, str] = {}

    @contextmanager
    def club(self, waiting: int = 0) -> Iterator[str]:
        """Yield a club's database that contains `waiting` unsent events and nothing else."""
        with self.copy(("club", waiting), lambda url: self._fill(url, waiting)) as url:
            yield url

    @contextmanager
    def copy(self, name: object, fill: Callable[[str], None]) -> Iterator[str]:
        """Lend a copy of what was filled, with nothing of it left to write by the server."""
        if name not in self._urls:
            url = self._server.create_database()
            fill(url)
            self._server.psql("VACUUM ANALYZE", _name(url))
            self._urls[name] = url
        copy = self._server.create_database(template=_name(self._urls[name]))
        self._server.psql("CHECKPOINT")
        try:
            yield copy
        finally:
            self._server.drop_database(copy)

    def _fill(self, url: str, waiting: int) -> None:
        asyncio.run(_migrate(url))
        if waiting:
            self._server.psql(WAITING % waiting, _name(url))


async def _migrate(url: str) -> None:
    engine = create_engine(url)
    try:
        await migrations.upgrade(engine)
    finally:
        await engine.dispose()


def _name(url: str) -> str:
    return url.rpartition("/")[2]
