"""Brings broker and database together after a restore, before any process runs."""

from functools import partial

from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.app.bootstrap.broker import open_publisher
from reading_club.app.bootstrap.database import background_unit_of_work, open_current_engine
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.eventstream.ports.heartbeats import Heartbeats
from reading_club.eventstream.restored import empty_queues, requeue_missing
from reading_club.service.subscribers import SUBSCRIBERS


async def reconcile_restored(settings: Settings) -> int:
    """Empty the queues, put the events that subscribers miss into the outbox; return how many.

    Raises ConfigurationError while processes of the club run, EventstreamUnavailable, and as
    ``open_current_engine`` does.
    """
    async with open_current_engine(settings) as engine:
        await _require_stopped(SQLHeartbeats(engine, orm.stream))
        app = open_publisher(settings)
        try:
            await empty_queues(SUBSCRIBERS, SubscriberQueues(app))
        finally:
            app.close()
        make_uow = partial(background_unit_of_work, engine)
        return await requeue_missing(SUBSCRIBERS, make_uow, horizon=settings.horizon)


async def _require_stopped(heartbeats: Heartbeats) -> None:
    if running := [str(beat.process) for beat in await heartbeats.list() if beat.fresh]:
        raise ConfigurationError(
            f"the club runs: {', '.join(running)}. Stop it first; a process that was killed counts "
            "for 30 seconds"
        )
