"""``python digest.py``: the club's new books, by a subscriber with a database of its own."""

import asyncio
import logging
import os
from functools import partial

import click
from sqlalchemy import Column, MetaData, String, Table, Uuid, insert, select

from reading_club.adapters import eventstream as broker
from reading_club.adapters.uow_sqla import eventstream as database
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.dead_letters.cli import dead_letters_group
from reading_club.eventstream.subscriber import Subscriber

DATABASE_URL = os.environ.get("DIGEST_DATABASE_URL", "sqlite:///digest.sqlite3")
BROKER_URL = os.environ.get("DIGEST_BROKER_URL", "amqp://guest@127.0.0.1")

metadata = MetaData()
tables = database.stream_tables(metadata)
books = Table(
    "books",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", String(300), nullable=False),
    Column("author", String(200), nullable=False),
)


class DigestUnitOfWork(database.SQLStreamUnitOfWork):
    """One transaction of the digest's database: its inbox, and its own table."""

    tables = tables


digest = Subscriber[BookRegistered, DigestUnitOfWork]("digest")
make_uow = partial(DigestUnitOfWork.open, DATABASE_URL)
main = click.Group(help="Show the new books of a reading club.")
main.add_command(dead_letters_group(make_uow))


@digest.on(BookRegistered)
async def add(event: BookRegistered, uow: DigestUnitOfWork) -> None:
    """Note a new book. The inbox sees to it that each event takes effect once."""
    book = event.model_dump(include={"id", "title", "author"})
    await uow.connection.execute(insert(books).values(book))


async def titles(uow: DigestUnitOfWork) -> list[str]:
    """Return a line for each book."""
    rows = await uow.connection.execute(select(books).order_by(books.c.title))
    return [f"{book.title}, by {book.author}" for book in rows]


@main.command()
def migrate() -> None:
    """Create the tables."""

    async def create() -> None:
        async with make_uow() as factory, factory().engine.begin() as connection:
            await connection.run_sync(metadata.create_all)

    asyncio.run(create())


@main.command()
def worker() -> None:
    """Note new books until SIGINT or SIGTERM."""
    broker.run_subscriber(digest, make_uow, BROKER_URL, events=[BookRegistered])


@main.command()
def relay() -> None:
    """Send again what could not be handled, and delete old rows of the inbox."""
    app = broker.publisher_app(BROKER_URL, [digest])
    engine, publisher = create_engine(DATABASE_URL), broker.BatchPublisher(app)
    queues = broker.SubscriberQueues(app)
    asyncio.run(database.run_relay(engine, publisher, [digest], tables=tables, queues=queues))


@main.command()
def show() -> None:
    """Show the books."""

    async def read() -> list[str]:
        async with make_uow() as factory, factory() as transaction:
            lines = await titles(transaction.uow)
            await transaction.rollback()
            return lines

    click.echo("\n".join(asyncio.run(read())))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
