"""The shop on SQLite in a file: no server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

import shop
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.eventstream.outbox.relay_only import RelayOnlyTransport


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a file with the tables."""
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    async with engine.begin() as connection:
        await connection.run_sync(shop.Base.metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
async def client(engine: AsyncEngine) -> AsyncIterator[AsyncClient]:
    """An HTTP client of the shop."""
    shop.sessions.configure(bind=engine)
    transport = ASGITransport(shop.web, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


async def count(engine: AsyncEngine, table: Any) -> int:
    """Count the rows of a table."""
    async with engine.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


async def test_an_order_leaves_an_event_and_a_task(
    engine: AsyncEngine, client: AsyncClient
) -> None:
    """Both wait in the outbox for the relay, and the event is in the history."""
    answer = await client.post("/orders", json={"article": "a lamp"})

    assert answer.status_code == 201
    assert await count(engine, shop.Order) == 1
    assert await count(engine, shop.tables.outbox) == 2
    assert await count(engine, shop.tables.messages) == 1


async def test_an_order_that_fails_leaves_nothing(
    engine: AsyncEngine, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure after the event was stored takes back order and event."""

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(shop.outbox, "task", fail)

    assert (await client.post("/orders", json={"article": "a lamp"})).status_code == 500
    for table in (shop.Order, shop.tables.outbox, shop.tables.messages):
        assert await count(engine, table) == 0


async def test_an_order_gets_an_invoice(engine: AsyncEngine, client: AsyncClient) -> None:
    """The subscriber writes it."""
    order_id = (await client.post("/orders", json={"article": "a lamp"})).json()
    event = shop.OrderPlaced.model_validate({"order_id": order_id})

    async with shop.ShopUnitOfWork(RelayOnlyTransport(), engine) as transaction:
        await shop.invoices.handle(event, transaction.uow)
        await transaction.commit()

    assert await count(engine, shop.Invoice) == 1
