"""What the tables of a club say, for the checker."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from reading_club_functional.club import EVERYBODY
from reading_club_functional.database import Database
from reading_club_functional.faults.checker import Observed
from reading_club_functional.faults.cluster import Cluster
from reading_club_functional.faults.writer import Writer

KEYS = {"activity": "id", "catalogue": "book_id"}
"""For each subscriber's table, the column that tells which event it was, or which book."""
EVENTS = "SELECT id, payload FROM messages WHERE type = 'book_registered_v1'"
SQLITE_TRIGGER = (
    "CREATE TRIGGER witness_{table}_{verb} AFTER {verb} ON {table} BEGIN"
    " INSERT INTO effects VALUES ('{table}', NEW.{key}); END"
)
POSTGRESQL_FUNCTION = (
    "CREATE FUNCTION witness_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO effects VALUES ('{table}', NEW.{key}); RETURN NULL; END $$"
)
POSTGRESQL_TRIGGER = (
    "CREATE TRIGGER witness_{table}_{verb} AFTER {verb} ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION witness_{table}()"
)


def count_effects(database: Database, *, sqlite: bool) -> None:
    """Let triggers write down each time that a subscriber's row is inserted or updated."""
    database.rows("CREATE TABLE effects (subscriber text, key text)")
    for table, key in KEYS.items():
        if not sqlite:
            database.rows(POSTGRESQL_FUNCTION.format(table=table, key=key))
        trigger = SQLITE_TRIGGER if sqlite else POSTGRESQL_TRIGGER
        for verb in ("INSERT", "UPDATE"):
            database.rows(trigger.format(table=table, key=key, verb=verb))


def observe(database: Database, writer: Writer, cluster: Cluster) -> Observed:
    """Look into the tables; what waits is counted first, so that the rest is as it stays."""
    outbox, attempts = database.count("outbox"), database.count("attempts")
    book_of = {UUID(str(id_)): _book(payload) for id_, payload in database.rows(EVENTS)}
    told = {"activity": book_of, "catalogue": {}}

    def books(rows: Iterable[tuple[Any, ...]], names: dict[UUID, UUID]) -> Counter[UUID]:
        keys = (UUID(str(key)) for (key,) in rows)
        return Counter(names.get(key, key) for key in keys)

    return Observed(
        begun=frozenset(writer.begun),
        created=frozenset(writer.created),
        wrong=tuple(writer.wrong),
        poison=frozenset(writer.poison),
        ended=tuple(cluster.ended),
        books=frozenset(books(database.rows("SELECT id FROM books"), {})),
        events=Counter(book_of.values()),
        effects={
            name: books(
                database.rows(f"SELECT key FROM effects WHERE subscriber = '{name}'"),  # noqa: S608  # ours
                told[name],
            )
            for name in EVERYBODY
        },
        rows={
            name: books(database.rows(f"SELECT {KEYS[name]} FROM {name}"), told[name])  # noqa: S608  # ours
            for name in EVERYBODY
        },
        receipts={
            name: frozenset(
                books(
                    database.rows(f"SELECT message_id FROM inbox WHERE subscriber = '{name}'"),  # noqa: S608  # ours
                    book_of,
                )
            )
            for name in EVERYBODY
        },
        dead_letters={
            (name, book_of.get(UUID(str(id_)), UUID(str(id_)))): error
            for name, id_, error in database.rows(
                "SELECT subscriber, message_id, error FROM dead_letters"
            )
        },
        outbox=outbox,
        attempts=attempts,
    )


def _book(payload: Any) -> UUID:
    return UUID(json.loads(payload)["id"] if isinstance(payload, str) else payload["id"])
