"""Celery as a peer of the worker: ``python -m …celery_tasks worker QUEUE``, and its client.

One transaction for each task: insert into the inbox, upsert, commit. Each process has one event
loop and one engine. The environment variables of the club name database and broker.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cache
from uuid import UUID

from celery import Celery
from celery.signals import worker_ready
from kombu import Queue, pools
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.bootstrap.database import database_url
from reading_club.app.settings import Settings
from reading_club_functional.bench.comparison import Envelope
from reading_club_functional.queues import open_channel

MODULE = "reading_club_functional.bench.peers.celery_tasks"
READY = "the tasks' worker is ready"
RECORD, START = "record", "start"
"""The tasks and their queues: record an event in inbox and log; print the time until the start."""
STARTED = "started after"

_RECEIVE = text(
    "INSERT INTO inbox (subscriber, message_id, received_at)"
    " VALUES ('activity', :id, clock_timestamp()) ON CONFLICT DO NOTHING RETURNING message_id"
)
UPSERT = text(
    "INSERT INTO activity (id, type, occurred_at, payload)"
    " VALUES (:id, :type, :occurred_at, CAST(:payload AS json)) ON CONFLICT (id) DO UPDATE"
    " SET type = excluded.type, occurred_at = excluded.occurred_at, payload = excluded.payload"
)


def tasks_app(broker_url: str) -> Celery:
    """Return the application, without results, on Celery's durable classic queues."""
    app = Celery("tasks", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_queues=[Queue(name, routing_key=name) for name in (RECORD, START)],
        task_routes={name: {"queue": name} for name in (RECORD, START)},
        worker_redirect_stdouts=False,
    )
    return app


@contextmanager
def open_client(broker_url: str) -> Iterator[Celery]:
    """Yield the application on empty queues, which are deleted at the end.

    kombu's pools, which cache connections and declarations per process, are reset first.
    """
    pools.reset()
    _delete_queues(broker_url)
    with closing(tasks_app(broker_url)) as app:
        yield app
    _delete_queues(broker_url)


def fill_queue(app: Celery, events: Iterable[Envelope]) -> None:
    """Send a task for each event."""
    with app.producer_pool.acquire(block=True) as producer:
        for event in events:
            app.send_task(RECORD, kwargs={"message": event}, producer=producer)


def _delete_queues(broker_url: str) -> None:
    with open_channel(broker_url) as channel:
        for queue in (RECORD, START):
            channel.queue_delete(queue)


def main() -> None:
    """Run a worker of one queue until SIGTERM."""
    app = tasks_app(broker_url(Settings()))
    queue, *options = sys.argv[2:]
    app.task(name=START)(_start)
    app.task(name=RECORD, acks_late=True)(_record)
    worker_ready.connect(_on_ready)
    fixed = ["--pool=prefork", "--loglevel=WARNING", "--without-gossip", "--without-mingle"]
    app.worker_main(["worker", f"--queues={queue}", *fixed, *options])


def _start(sent: float) -> None:
    print(f"{STARTED} {time.time() - sent:.6f}", flush=True)


def _record(message: Mapping[str, str]) -> None:
    process_loop().run_until_complete(_handle(message))


async def _handle(message: Mapping[str, str]) -> None:
    id_ = UUID(message["id"])
    async with AsyncSession(process_engine()) as session:
        if (await session.execute(_RECEIVE, {"id": id_})).first():
            row = {
                "id": id_,
                "type": message["type"],
                "occurred_at": datetime.fromisoformat(message["created_at"]),
                "payload": json.dumps(json.loads(message["payload"])),
            }
            await session.execute(UPSERT, row)
        await session.commit()


@cache
def process_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of this process, which is created after the fork."""
    return asyncio.new_event_loop()


@cache
def process_engine() -> AsyncEngine:
    """Return the engine of this process, which is created after the fork."""
    return create_async_engine(database_url(Settings()))


def _on_ready(**_: object) -> None:
    print(READY, flush=True)


if __name__ == "__main__":
    main()
