"""The worker process: a Celery worker that consumes one subscriber's queue."""

import asyncio
import logging
from datetime import UTC, datetime

from reading_club.app.bootstrap.database import open_heartbeats, open_transaction
from reading_club.app.bootstrap.worker import build_worker, open_in_thread
from reading_club.app.heartbeat import beating, this_process
from reading_club.app.processes.startup import when_available
from reading_club.app.settings import Settings
from reading_club.app.supervision.child import report_ready
from reading_club.eventstream.dead_letters.commands import replay_parked
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork

log = logging.getLogger(__name__)


def work(settings: Settings, name: str, concurrency: int) -> None:
    """Handle the events of the subscriber with this name until SIGINT or SIGTERM.

    ``concurrency`` is the number of threads; with one, a redelivered message is tried alone.
    At the start, waits for an unavailable database. Raises ConfigurationError if this release
    does not work with the schema.
    """
    subscriber = next(s for s in SUBSCRIBERS if s.name == name)
    if not asyncio.run(when_available(lambda: _prepare(settings, subscriber))):
        return
    run = build_worker(settings, subscriber, concurrency, _on_ready)
    process = this_process("worker", name)
    with open_in_thread(lambda: beating(open_heartbeats(settings), process)):
        run()


async def _prepare(settings: Settings, subscriber: Subscriber[AbstractUnitOfWork]) -> bool:
    """Insert the subscriptions, requeue parked events of types now known, and return True."""
    async with open_transaction(settings) as transaction:
        await transaction.uow.subscriptions.subscribe(subscriber.name, subscriber.types)
        replayed = await replay_parked(subscriber, transaction.uow, datetime.now(UTC))
        await transaction.commit()
    if replayed:
        log.info("%s knows %s parked events now", subscriber.name, len(replayed))
    return True


def _on_ready(sender: object, **_: object) -> None:
    log.info("%s is ready", sender)
    report_ready()
