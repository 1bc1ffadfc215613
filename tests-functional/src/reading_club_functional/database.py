"""Queries on a club's database, SQLite or PostgreSQL."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import asyncpg


class Database:
    """Runs SQL, each statement on a new connection; `timeout` is in seconds."""

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self._url = url
        self._timeout = timeout

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        if self._url.startswith("sqlite"):
            connection = sqlite3.connect(self._url.partition("///")[2], timeout=5)
            with closing(connection), connection:
                return connection.execute(sql).fetchall()
        return asyncio.run(self._ask(sql))

    def count(self, table: str, where: str = "true") -> int:
        """Return the number of rows in a table that satisfy the SQL condition `where`."""
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])  # noqa: S608  # SQL of tests

    async def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        url = self._url.replace("+asyncpg", "")
        connection = await asyncpg.connect(url, timeout=self._timeout)
        try:
            return [tuple(row) for row in await connection.fetch(sql, timeout=self._timeout)]
        finally:
            await connection.close()
