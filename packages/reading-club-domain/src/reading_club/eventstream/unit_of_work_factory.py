"""A factory of units of work, as it is, or with resources that are opened for it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

from reading_club.eventstream.subscriber import TUnitOfWork
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

MakeUnitOfWork = (
    Callable[[], TUnitOfWork] | Callable[[], AbstractAsyncContextManager[Callable[[], TUnitOfWork]]]
)
"""A factory of units of work, or a function that opens one as an async context manager."""


@asynccontextmanager
async def opened(make_uow: MakeUnitOfWork[TUnitOfWork]) -> AsyncIterator[Callable[[], TUnitOfWork]]:
    """Yield the factory itself, or the one that ``make_uow`` opens, and close that afterwards."""
    made = make_uow()
    if isinstance(made, StreamUnitOfWork):
        yield cast("Callable[[], TUnitOfWork]", make_uow)
    else:
        async with made as factory:
            yield factory
