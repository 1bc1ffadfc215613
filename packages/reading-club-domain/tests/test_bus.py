"""Pitfalls of the message bus, and the club's protection against them."""

import ast
import inspect
from importlib.metadata import requires
from pathlib import Path

import pytest
from messagebus import AsyncMessageBus, Metadata
from messagebus.service._async.registry import ConfigurationError

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import COMMANDS, ClubCommand
from reading_club.service import handlers
from reading_club.service.bus import ClubBus, CommandNotHandled, build_bus
from reading_club.service.uow import AbstractUnitOfWork

HANDLERS = Path(inspect.getfile(handlers)).parent
MODULES = sorted(HANDLERS.rglob("*.py"))


class BurnBook(ClubCommand):
    """A command without a handler."""

    metadata: Metadata = Metadata(name="burn_book", schema_version=1)


def decorated(module: Path) -> list[ast.AsyncFunctionDef]:
    """Return the handlers of a module."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]


def test_every_command_has_a_handler(bus: ClubBus) -> None:
    """The handled commands are those of COMMANDS."""
    assert set(bus.commands_registry) == set(COMMANDS)


def test_a_plain_bus_finds_the_handlers_as_well() -> None:
    """The library's own scan finds the handlers."""
    bus: AsyncMessageBus[InMemoryUnitOfWork] = AsyncMessageBus()
    bus.scan("reading_club.service.handlers")

    assert set(bus.commands_registry) == set(COMMANDS)


async def test_a_command_without_a_handler_is_an_error(
    bus: ClubBus, uow: InMemoryUnitOfWork, database: InMemoryDatabase
) -> None:
    """The club's bus raises where the library returns None; nothing is stored."""
    async with uow as transaction:
        with pytest.raises(CommandNotHandled, match="BurnBook"):
            await bus.handle(BurnBook(), transaction)
        await transaction.commit()

    assert database.messages == {}


def test_each_bus_is_scanned_once() -> None:
    """The library refuses to scan one bus twice, so that each call makes a new bus."""
    first, second = build_bus(), build_bus()

    assert first.commands_registry.keys() == second.commands_registry.keys()
    assert first.commands_registry is not second.commands_registry
    with pytest.raises(ConfigurationError, match="twice"):
        first.scan("reading_club.service.handlers")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_handler_module_postpones_its_annotations(module: Path) -> None:
    """The bus reads the annotations: as strings they would break the scan."""
    assert "from __future__ import annotations" not in module.read_text(encoding="utf-8")


def test_no_handler_folder_is_skipped() -> None:
    """The scan skips a folder without __init__.py, and raises no error."""
    folders = {HANDLERS, *(module.parent for module in MODULES)}

    assert all((folder / "__init__.py").exists() for folder in folders)


def test_every_handler_in_the_folder_is_registered(bus: ClubBus) -> None:
    """Every async function of the handler modules is registered."""
    written = {node.name for module in MODULES for node in decorated(module)}
    registered = {hook.callback.__name__ for hook in bus.commands_registry.values()}

    assert registered == written


def test_handlers_see_a_typed_unit_of_work(bus: ClubBus) -> None:
    """Handlers annotate the port, whose attributes are typed; those of a transaction are Any."""
    for hook in bus.commands_registry.values():
        _, uow, *rest = inspect.signature(hook.callback).parameters.values()
        assert uow.annotation is AbstractUnitOfWork
        assert rest == []


def test_handlers_read_like_the_use_case_and_never_commit() -> None:
    """A handler has ten lines at most, and leaves the commit to its caller."""
    for handler in (node for module in MODULES for node in decorated(module)):
        body = [node for node in handler.body if not isinstance(node, ast.Expr)]
        assert (body[-1].end_lineno or 0) - body[0].lineno < 10
        names = {node.attr for node in ast.walk(handler) if isinstance(node, ast.Attribute)}
        assert not names & {"commit", "rollback"}


def test_the_library_is_pinned_to_the_release_that_was_studied() -> None:
    """A new minor release of the bus is tried before it is taken."""
    assert "messagebus>=0.16.1,<0.17" in (requires("reading-club-domain") or [])
