"""What every adapter of the read models promises: the test functions of these modules."""

from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

import pytest

from reading_club.service.discovery import modules_of
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory

Promise = Callable[[UnitOfWorkFactory], Coroutine[Any, Any, None]]

PROMISES = [
    pytest.param(value, id=f"{module.__name__.rpartition('.')[2]}-{name.removeprefix('test_')}")
    for module in modules_of(__name__)
    for name, value in vars(module).items()
    if name.startswith("test_")
]


class ReadModelsContract:
    """The unit of work has all read models, and each keeps the promises of its module here."""

    async def test_the_unit_of_work_has_every_read_model(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """Every attribute that the port declares is there in a transaction."""
        async with uow_factory() as transaction:
            declared = get_type_hints(AbstractUnitOfWork)
            assert [name for name in declared if not hasattr(transaction.uow, name)] == []
            await transaction.rollback()

    @pytest.mark.parametrize("promise", PROMISES)
    async def test_every_read_model_keeps_its_promises(
        self, promise: Promise, uow_factory: UnitOfWorkFactory
    ) -> None:
        """Each test function of a read model's module passes on the unit of work."""
        await promise(uow_factory)
