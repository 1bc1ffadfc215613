"""The application of a web process: handles commands and makes units of work."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from lastuuid import uuid7
from messagebus import AsyncUnitOfWorkTransaction

from reading_club.app.accounts.passwords import Passwords
from reading_club.app.health import Dependencies
from reading_club.app.metrics.process import ProcessMetrics
from reading_club.domain.errors import VersionMismatch
from reading_club.domain.messages import ClubCommand
from reading_club.eventstream.errors import CommitInDoubt, TransientFailure, WriteConflict
from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.club import ClubSettings
from reading_club.service.bus import ClubBus, build_bus
from reading_club.service.leaving import leave
from reading_club.service.uow import AbstractUnitOfWork

ClubTransaction = AsyncUnitOfWorkTransaction[AbstractUnitOfWork]


@dataclass
class Application:
    """The open application of a web process.

    ``unit_of_work`` returns a new unit of work, not yet entered, for one task, and ``reader`` one
    that only reads. ``dependencies`` are what the health checks query. While the club has no
    organiser, ``open_until_claimed`` lets anybody write. ``metrics`` are None if they are off.
    """

    unit_of_work: Callable[[], AbstractUnitOfWork]
    reader: Callable[[], AbstractUnitOfWork]
    dependencies: Dependencies
    passwords: Passwords
    open_until_claimed: bool = False
    metrics: ProcessMetrics | None = None
    sends_mail: bool = False
    """Whether a server is set that takes mail to members."""
    asyncapi: Callable[[], Mapping[str, Any]] = dict
    """Returns the AsyncAPI document of the events."""
    club: ClubSettings = field(default_factory=ClubSettings, init=False)
    _bus: ClubBus = field(default_factory=build_bus, init=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AbstractUnitOfWork]:
        """Yield a unit of work that only reads."""
        async with self.reader() as transaction:
            yield transaction.uow
            await transaction.rollback()

    async def read_club(self) -> ClubSettings:
        """Read the settings of the club, and return them."""
        async with self.reading() as uow:
            self.club = (await uow.club.get()).settings
        return self.club

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[ClubTransaction]:
        """Yield a transaction, which is committed at the end, and rolled back after an error."""
        try:
            async with self.unit_of_work() as transaction:
                yield transaction
                await transaction.commit()
        except TransientFailure as exc:
            if self.metrics is not None and not isinstance(exc, WriteConflict):
                self.metrics.commands.count_unavailable(exc)
            raise

    async def remove(self, account: Account, *, erase: bool) -> None:
        """Remove a member's account; with ``erase`` the member's words as well.

        Raises AccountNotFound, LastOrganiser, or WriteConflict after a concurrent change.
        """
        async with self.writing() as transaction:
            await leave(account, self._bus, transaction, erase=erase)

    async def handle_in(self, transaction: ClubTransaction, command: ClubCommand) -> Any:
        """Run a command in this transaction and return its handler's result."""
        return await self._bus.handle(command, transaction)

    async def handle(self, command: ClubCommand) -> Any:
        """Run a command in a transaction of its own and return its handler's result.

        On return the transaction is committed and its events are in the outbox, whether or not
        the broker is available. A command whose commit is in doubt is run a second time, which
        has no effect if the first run was stored. Raises CommitInDoubt, with the command's id,
        if the second run has a transient failure, or finds another version than expected: that
        may be the first run's.
        """
        try:
            return await self._handle_current(command)
        except CommitInDoubt as doubt:
            reason = doubt.reason
        try:
            return await self._handle_current(command.model_copy(update={"message_id": uuid7()}))
        except (TransientFailure, VersionMismatch) as exc:
            raise CommitInDoubt(reason, getattr(command, "id", None)) from exc

    async def _handle_current(self, command: ClubCommand) -> Any:
        """Run the command, and once more on the current state if another transaction was first."""
        try:
            return await self._handle_once(command)
        except WriteConflict:
            return await self._handle_once(command)

    async def _handle_once(self, command: ClubCommand) -> Any:
        async with self.writing() as transaction:
            return await self.handle_in(transaction, command)


async def application_of(request: Request) -> Application:
    """Return the application behind the FastAPI application of a request.

    This is a coroutine function because FastAPI runs plain functions in a thread pool.
    """
    application: Application = request.app.state.application
    return application


TheApplication = Annotated[Application, Depends(application_of)]
"""The type of a route's argument that is the application."""
