"""Prepares a copy to become the database of a club: schema, heartbeats, and what is to be sent."""

import asyncio
from pathlib import Path

from reading_club.app.bootstrap.database import (
    open_heartbeats,
    open_units_of_work,
    upgrade_schema,
)
from reading_club.app.settings import Settings
from reading_club.eventstream.restored import requeue_missing
from reading_club.service.subscribers import SUBSCRIBERS


def staged_in(settings: Settings, folder: Path) -> Settings:
    """Return the settings of a club whose database is in another folder."""
    return settings.model_copy(update={"database_url": None, "data_dir": folder})


def prepare(staged: Settings) -> int:
    """Prepare the database of these settings; return how many events are to be sent again.

    Raises ConfigurationError if this release does not work with its schema, and TransientFailure.
    """
    return asyncio.run(_prepare(staged))


async def _prepare(staged: Settings) -> int:
    await upgrade_schema(staged)
    async with open_heartbeats(staged) as heartbeats:
        for beat in await heartbeats.list():  # of processes that ran when the copy was made
            await heartbeats.remove(beat.process)
    async with open_units_of_work(staged) as make_uow:
        return await requeue_missing(SUBSCRIBERS, make_uow, horizon=staged.horizon)
