"""The SQL adapters on an engine that was made without ``create_engine``.

The driver's defaults begin transactions late, and do not check foreign keys.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from reading_club.adapters.uow_sqla.testing import (
    TestBooks,
    TestEndings,
    TestReviews,
    TestTransactionCosts,
    TestUnitOfWork,
    titles,
    uow,
    uow_factory,
)

__all__ = [
    "TestBooks",
    "TestEndings",
    "TestReviews",
    "TestTransactionCosts",
    "TestUnitOfWork",
    "titles",
    "uow",
    "uow_factory",
]


@pytest.fixture
async def engine(path: Path) -> AsyncIterator[AsyncEngine]:
    """A plain engine on a file with the tables."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    yield engine
    await engine.dispose()
