"""The cookbook's shape as a peer of the whole club: ``python -m …cookbook_club web|worker``.

The web process is FastAPI on uvicorn, without accounts; it publishes in the request, when the
transaction is committed, and answers when the broker has confirmed. Each subscriber has a durable
classic queue, and a worker of prefork processes: one task and one transaction an event, without an
inbox. The environment variables of the club name database, broker and port.
"""

import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import uvicorn
from celery import Celery
from celery.signals import worker_ready
from fastapi import FastAPI, status
from kombu import Queue, pools
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from reading_club.adapters.eventstream.topology import EXCHANGE
from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.bootstrap.database import database_url
from reading_club.app.settings import Settings
from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import RegisterBook
from reading_club_functional.bench.environment import Environment, stop
from reading_club_functional.bench.peers import cookbook
from reading_club_functional.bench.peers.celery_tasks import UPSERT, process_engine, process_loop
from reading_club_functional.cluster import PROJECTION_NAMES, ClubCluster
from reading_club_functional.queues import open_channel

MODULE: Final = "reading_club_functional.bench.peers.cookbook_club"
CONNECTIONS: Final = 16
OPTIONS: Final = ("--concurrency=2", "--prefetch-multiplier=64")
PUT = text(
    "INSERT INTO catalogue (book_id, title, author, isbn) VALUES (:id, :title, :author, :isbn)"
    " ON CONFLICT (book_id) DO UPDATE"
    " SET title = excluded.title, author = excluded.author, isbn = excluded.isbn"
)


class NewBook(BaseModel):
    """The body of a request."""

    id: UUID
    isbn: Isbn
    title: str
    author: str


@contextmanager
def started(environment: Environment) -> Iterator[tuple[ClubCluster, str]]:
    """Run a web process and two workers; yield their club with an empty token."""
    broker = environment.rabbitmq.url
    pools.reset()
    with environment.club() as club:
        _declare(broker)
        workers = [club.begin("worker", name, *OPTIONS, module=MODULE) for name in PROJECTION_NAMES]
        processes = club.ready(*workers, club.begin("web", "", module=MODULE))
        try:
            yield club, ""
        finally:
            stop(*processes)
            _delete(broker)


def queue(subscriber: str) -> Queue:
    """Return the queue of a subscriber, bound to the type of registered books."""
    return Queue(f"cookbook.{subscriber}", EXCHANGE, routing_key="book_registered_v1", durable=True)


def web(settings: Settings) -> None:
    """Serve POST /api/books until SIGTERM."""
    publisher = cookbook.confirming_app(broker_url(settings))
    url = database_url(settings).render_as_string(hide_password=False)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        transport = cookbook.CookbookTransport(publisher)
        async with cookbook.opened(url, CONNECTIONS, transport) as handle:
            app.state.handle = handle
            print("running on", settings.port, flush=True)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/books", status_code=status.HTTP_201_CREATED)
    async def register_book(book: NewBook) -> dict[str, Any]:
        await app.state.handle(RegisterBook(**dict(book)))
        return {"id": str(book.id), "title": book.title}

    uvicorn.run(app, port=settings.port or 0, log_level="warning", access_log=False)


def worker(settings: Settings, subscriber: str, *options: str) -> None:
    """Handle the events of a subscriber, each in a task and a transaction, until SIGTERM."""
    app = Celery("cookbook", broker=broker_url(settings), set_as_current=False)
    queues = [queue(subscriber)]
    app.conf.update(task_ignore_result=True, task_queues=queues, worker_redirect_stdouts=False)
    effects = {"activity": _record, "catalogue": _put}

    def send_message(message: Mapping[str, str]) -> None:
        process_loop().run_until_complete(_execute(*effects[subscriber](message)))

    app.task(name="send_message", acks_late=True)(send_message)
    worker_ready.connect(_on_ready)
    fixed = ["--pool=prefork", "--loglevel=WARNING", "--without-gossip", "--without-mingle"]
    app.worker_main(["worker", f"--hostname={subscriber}@%h", *fixed, *options])


def _record(message: Mapping[str, str]) -> tuple[Any, Mapping[str, Any]]:
    occurred_at = datetime.fromisoformat(message["created_at"])
    payload = json.dumps(json.loads(message["payload"]))
    row = {"id": UUID(message["id"]), "type": message["type"], "occurred_at": occurred_at}
    return UPSERT, {**row, "payload": payload}


def _put(message: Mapping[str, str]) -> tuple[Any, Mapping[str, Any]]:
    book = json.loads(message["payload"])
    return PUT, {**book, "id": UUID(book["id"])}


async def _execute(statement: Any, row: Mapping[str, Any]) -> None:
    async with AsyncSession(process_engine()) as session:
        await session.execute(statement, row)
        await session.commit()


def _on_ready(**_: object) -> None:
    print("is ready", flush=True)


def _declare(broker: str) -> None:
    _delete(broker)
    with open_channel(broker) as channel:
        EXCHANGE(channel).declare()
        for subscriber in PROJECTION_NAMES:
            queue(subscriber)(channel).declare()


def _delete(broker: str) -> None:
    with open_channel(broker) as channel:
        for subscriber in PROJECTION_NAMES:
            channel.queue_delete(queue(subscriber).name)


if __name__ == "__main__":
    role, *arguments = sys.argv[1:]
    if role == "web":
        web(Settings())
    else:
        worker(Settings(), *arguments)
