"""The message bus with all command handlers of the club."""

from typing import Any

from messagebus import AsyncMessageBus, AsyncUnitOfWorkTransaction, GenericCommand

from reading_club.domain.errors import ReadingClubError
from reading_club.domain.messages import COMMANDS
from reading_club.eventstream.wiring import require_command_handlers
from reading_club.service.uow import AbstractUnitOfWork


class CommandNotHandled(ReadingClubError):
    """No handler is registered for the command; a bug of the composition."""


class ClubBus(AsyncMessageBus[AbstractUnitOfWork]):
    """A message bus that raises CommandNotHandled for a command without a handler."""

    async def handle(
        self,
        command: GenericCommand[Any],
        uow: AsyncUnitOfWorkTransaction[Any],
        **transient_dependencies: Any,
    ) -> Any:
        """Handle the command and the events it causes; return the result of its handler.

        Raises CommandNotHandled, and any error of the handlers.
        """
        if type(command) not in self.commands_registry:
            raise CommandNotHandled(f"no handler for {type(command).__name__}")
        return await super().handle(command, uow, **transient_dependencies)


def build_bus() -> ClubBus:
    """Return a new bus with the handlers of ``reading_club.service.handlers``.

    Raises WiringError for a command of the club without a handler.
    """
    bus = ClubBus()
    bus.scan("reading_club.service.handlers")
    require_command_handlers(bus.commands_registry, COMMANDS)
    return bus
