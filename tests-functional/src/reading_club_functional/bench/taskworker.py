"""``python -m …taskworker worker QUEUE``: a Celery worker as the cookbooks have it.

One transaction a task: insert into the inbox, upsert, commit. It has one event loop and one
engine for each process, and is told where its servers are as the club is.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from uuid import UUID

from celery import Celery
from celery.signals import worker_ready
from kombu import Queue
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.bootstrap.database import database_url
from reading_club.app.settings import Settings

MODULE = "reading_club_functional.bench.taskworker"
READY = "the tasks' worker is ready"
RECORD, START = "record", "start"
"""The tasks, and their queues: take an event into the inbox and the log; tell when it starts."""
STARTED = "started after"

_RECEIVE = text(
    "INSERT INTO inbox (subscriber, message_id, received_at)"
    " VALUES ('activity', :id, clock_timestamp()) ON CONFLICT DO NOTHING RETURNING message_id"
)
_UPSERT = text(
    "INSERT INTO activity (id, type, occurred_at, payload)"
    " VALUES (:id, :type, :occurred_at, CAST(:payload AS json)) ON CONFLICT (id) DO UPDATE"
    " SET type = excluded.type, occurred_at = excluded.occurred_at, payload = excluded.payload"
)


def tasks_app(broker_url: str) -> Celery:
    """Return the application: no results, and Celery's own durable queues, which are fast ones."""
    app = Celery("tasks", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_queues=[Queue(name, routing_key=name) for name in (RECORD, START)],
        task_routes={name: {"queue": name} for name in (RECORD, START)},
        worker_redirect_stdouts=False,
    )
    return app


def main() -> None:
    """Work on one of the queues until a signal comes."""
    app = tasks_app(broker_url(Settings()))
    queue, *options = sys.argv[2:]
    app.task(name=START)(_start)
    app.task(name=RECORD, acks_late=True)(_record)
    worker_ready.connect(_on_ready)
    usual = ["--pool=prefork", "--loglevel=WARNING", "--without-gossip", "--without-mingle"]
    app.worker_main(["worker", f"--queues={queue}", *usual, *options])


def _start(sent: float) -> None:
    print(f"{STARTED} {time.time() - sent:.6f}", flush=True)


def _record(message: Mapping[str, str]) -> None:
    _loop().run_until_complete(_take(message))


async def _take(message: Mapping[str, str]) -> None:
    id_ = UUID(message["id"])
    async with AsyncSession(_engine()) as session:
        if (await session.execute(_RECEIVE, {"id": id_})).first():
            row = {
                "id": id_,
                "type": message["type"],
                "occurred_at": datetime.fromisoformat(message["created_at"]),
                "payload": json.dumps(json.loads(message["payload"])),
            }
            await session.execute(_UPSERT, row)
        await session.commit()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return the loop of this process, which is made after the fork."""
    return asyncio.new_event_loop()


@cache
def _engine() -> AsyncEngine:
    """Return the engine of this process, which is made after the fork."""
    return create_async_engine(database_url(Settings()))


def _on_ready(**_: object) -> None:
    print(READY, flush=True)


if __name__ == "__main__":
    main()
