"""Pausing and resuming a subscriber, in a transaction of its own."""

from datetime import datetime

from reading_club.eventstream.unit_of_work import UnitOfWorkFactory


async def pause_subscriber(name: str, make_uow: UnitOfWorkFactory) -> datetime:
    """Pause a subscriber until it is resumed; return since when it is paused.

    All its workers obey within 5 s: they finish what they have begun, give back the rest, and
    consume nothing, also after a restart. Its events wait in its queue. Raises TransientFailure.
    """
    async with make_uow() as transaction:
        await transaction.uow.pauses.pause(name)
        since = (await transaction.uow.pauses.list())[name]
        await transaction.commit()
    return since


async def resume_subscriber(name: str, make_uow: UnitOfWorkFactory) -> bool:
    """End a pause; return False if the subscriber is not paused. Raises TransientFailure.

    Its workers consume again within 5 s.
    """
    async with make_uow() as transaction:
        was_paused = await transaction.uow.pauses.resume(name)
        await transaction.commit()
    return was_paused
