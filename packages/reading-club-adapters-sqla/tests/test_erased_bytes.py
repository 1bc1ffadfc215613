"""After an erasure the bytes of the SQLite file and of its log have no word."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.engine import create_engine, truncate_wal
from reading_club.adapters.uow_sqla.testing.erasure_story import COMMENT, NICKNAME, Story
from reading_club.service.bus import ClubBus


def words_in(path: Path) -> set[str]:
    """Return which files of the database hold the nickname or the comment."""
    words = [NICKNAME, NICKNAME.casefold(), COMMENT]
    files = {file.name: file.read_bytes() for file in path.parent.glob(f"{path.name}*")}
    return {name for name, data in files.items() if any(word.encode() in data for word in words)}


async def test_the_file_and_its_log_have_no_word(
    path: Path, engine: AsyncEngine, bus: ClubBus
) -> None:
    """Deleted content is overwritten, and the log is emptied by its checkpoint."""
    story = Story(engine, bus)
    account_id = await story.join()
    assert await truncate_wal(engine)
    assert words_in(path) == {path.name}

    await story.tell(account_id)
    assert await truncate_wal(engine)

    assert words_in(path) == set()


async def test_a_log_that_is_in_use_is_emptied_later(path: Path, engine: AsyncEngine) -> None:
    """While another connection reads, the log stays; afterwards it is emptied."""
    reader = create_engine(f"sqlite:///{path}")
    async with reader.connect() as connection:
        await connection.execute(text("BEGIN"))
        await connection.execute(text("SELECT count(*) FROM books"))
        async with engine.begin() as writing:
            await writing.execute(text("CREATE TABLE t (a)"))
        quick = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.1})

        assert not await truncate_wal(quick)

    assert await truncate_wal(quick)
    await reader.dispose()
    await quick.dispose()
