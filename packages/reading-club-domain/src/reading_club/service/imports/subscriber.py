"""The subscriber that handles the steps of imports, from a queue of its own."""

from functools import cache

from reading_club.domain.messages import ClubEvent, ImportStepDue
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.bus import ClubBus, build_bus
from reading_club.service.imports.steps import handle_step
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.service.versions import VERSIONS

imports = Subscriber[ClubEvent, AbstractUnitOfWork]("imports", versions=VERSIONS)


@cache
def _bus() -> ClubBus:
    return build_bus()


@imports.on(ImportStepDue)
async def handle(event: ImportStepDue, uow: AbstractUnitOfWork) -> None:
    """Handle the rows of the step."""
    await handle_step(event, uow, _bus())
