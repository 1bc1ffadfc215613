"""The application of a web process: handles commands and makes units of work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from lastuuid import uuid7

from reading_club.app.health import Dependencies
from reading_club.domain.messages import ClubCommand
from reading_club.eventstream.errors import CommitInDoubt, TransientFailure
from reading_club.service.bus import ClubBus, build_bus
from reading_club.service.uow import AbstractUnitOfWork


@dataclass
class Application:
    """The open application of a web process.

    ``unit_of_work`` returns a new unit of work, not yet entered, for one task. ``dependencies`` are
    what the health checks query.
    """

    unit_of_work: Callable[[], AbstractUnitOfWork]
    dependencies: Dependencies
    _bus: ClubBus = field(default_factory=build_bus, init=False)

    async def handle(self, command: ClubCommand) -> Any:
        """Run a command in a transaction of its own and return its handler's result.

        On return the transaction is committed and its events are in the outbox, whether or not
        the broker is available. A command whose commit is in doubt is run a second time, which
        has no effect if the first run was stored. Raises CommitInDoubt, with the command's id,
        if the second run has a transient failure.
        """
        try:
            return await self._handle_once(command)
        except CommitInDoubt as doubt:
            reason = doubt.reason
        try:
            return await self._handle_once(command.model_copy(update={"message_id": uuid7()}))
        except TransientFailure as exc:
            raise CommitInDoubt(reason, getattr(command, "id", None)) from exc

    async def _handle_once(self, command: ClubCommand) -> Any:
        async with self.unit_of_work() as transaction:
            result = await self._bus.handle(command, transaction)
            await transaction.commit()
        return result


async def application_of(request: Request) -> Application:
    """Return the application behind the FastAPI application of a request.

    This is a coroutine function because FastAPI runs plain functions in a thread pool.
    """
    application: Application = request.app.state.application
    return application


TheApplication = Annotated[Application, Depends(application_of)]
"""The type of a route's argument that is the application."""
