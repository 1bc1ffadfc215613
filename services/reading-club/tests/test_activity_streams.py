"""The open streams of the activity in a process, on a database in memory."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from reading_club.app import activity_streams, open_stream
from reading_club.app.activity_streams import TooManyStreams
from reading_club.app.open_stream import OpenStream
from reading_club.app.testing.activity import Club, Looks
from reading_club.eventstream.errors import StorageUnavailable

AWAY = StorageUnavailable("the database is away")


@pytest.fixture
async def club() -> AsyncIterator[Club]:
    """A club in memory; all streams are closed at the end."""
    club = Club()
    yield club
    for stream in list(club.streams._streams):
        club.streams.close(stream)


async def titles(stream: OpenStream) -> list[str]:
    """Return the titles of all books that wait for the client."""
    found = list[str]()
    while arrivals := await stream.next(0.0):
        found += [entry.payload["title"] for _, entry in arrivals]
    return found


async def test_every_stream_gets_what_arrives(club: Club) -> None:
    """One transaction looks for all streams, which begin when they are opened."""
    await club.register("before")
    streams = [await club.streams.open(None) for _ in range(3)]
    await club.register("one", "two")
    club.read = 0

    await club.look()

    assert club.read == 1
    assert [await titles(stream) for stream in streams] == [["one", "two"]] * 3


async def test_a_stream_goes_on_from_a_position(club: Club) -> None:
    """What arrived before it was opened, in several pages, and later: each once, in order."""
    earlier = [f"earlier {number}" for number in range(2 * activity_streams.PAGE + 50)]
    await club.register(*earlier)
    await club.streams.open(None)
    await club.register("in between")
    stream = await club.streams.open(1)

    await club.look()
    await club.register("later")
    await club.look()

    assert await titles(stream) == [*earlier[1:], "in between", "later"]


async def test_more_than_a_page_arrives_by_one_look(club: Club) -> None:
    """A look goes on until it has found everything."""
    stream = await club.streams.open(None)
    many = [str(number) for number in range(2 * activity_streams.PAGE)]
    await club.register(*many)

    await club.look()

    assert await titles(stream) == many


async def test_a_position_that_the_log_has_not_is_the_latest(club: Club) -> None:
    """After the restore of a backup a client misses nothing that comes from then on."""
    await club.register("restored")
    stream = await club.streams.open(1_000)

    await club.register("new")
    await club.look()

    assert await titles(stream) == ["new"]


async def test_a_page_may_be_ahead_of_the_looks(club: Club) -> None:
    """What a page shows already does not come once more by the next look."""
    await club.streams.open(None)
    await club.register("on the page")
    stream = await club.streams.open(1)

    await club.register("new")
    await club.look()

    assert await titles(stream) == ["new"]


async def test_a_client_that_does_not_read_ends_its_stream(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on; connected again from its position, it gets everything."""
    monkeypatch.setattr(open_stream, "MOST_WAITING", 3)
    slow, fast = await club.streams.open(None), await club.streams.open(None)
    for title in ("a", "b", "c", "d"):
        await club.register(title)
        await club.look()
        assert await titles(fast) == [title]

    assert await slow.next(0.0) is None

    club.streams.close(slow)
    assert await titles(await club.streams.open(slow.position)) == ["a", "b", "c", "d"]


async def test_streams_are_bounded(club: Club) -> None:
    """One too many is refused; a closed one makes room."""
    streams = [await club.streams.open(None) for _ in range(3)]
    with pytest.raises(TooManyStreams):
        await club.streams.open(None)

    club.streams.close(streams[0])

    await club.streams.open(None)
    assert club.counted == [1, 2, 3, 2, 3]


async def test_nobody_looks_without_a_stream(club: Club) -> None:
    """The last stream ends the task, and another one begins it anew, from then on."""
    first = await club.streams.open(None)
    club.streams.close(first)
    assert club.streams._looking is None
    await club.register("meanwhile")

    club.looks = Looks()
    club.streams.pause = club.looks.pause
    second = await club.streams.open(None)
    await club.register("then")
    await club.looks.look()

    assert await titles(second) == ["then"]


async def test_a_stream_waits_for_a_database_that_is_away(club: Club) -> None:
    """It misses nothing; none that begins at a position is opened meanwhile."""
    await club.register("earlier")
    live = await club.streams.open(None)
    behind = await club.streams.open(0)
    club.database.error = AWAY
    with pytest.raises(StorageUnavailable):
        await club.streams.open(0)
    waiting = asyncio.create_task(behind.next(0.0))
    await club.look()
    club.database.error = None
    await club.register("afterwards")
    await club.look()

    assert await waiting == []
    assert await titles(live) == ["afterwards"]
    assert await titles(behind) == ["earlier", "afterwards"]


async def test_a_bug_in_a_look_ends_all_streams(
    club: Club, caplog: pytest.LogCaptureFixture
) -> None:
    """None stays open in silence; the next stream starts another task, which misses nothing."""
    stream = await club.streams.open(None)
    club.database.error = RuntimeError("a bug")
    looking = asyncio.create_task(club.look())
    assert await stream.next(60.0) is None
    club.database.error = None
    await club.register("afterwards")

    again = await club.streams.open(stream.position)
    club.streams.close(stream)
    await looking

    assert await titles(again) == ["afterwards"]
    gc.collect()
    assert "a bug" in caplog.text


async def test_a_shutdown_ends_all_streams(club: Club) -> None:
    """Also one that is opened meanwhile, and one that is behind."""
    await club.register("earlier")
    streams = [await club.streams.open(None), await club.streams.open(0)]

    club.streams.close_all()
    streams.append(await club.streams.open(None))

    assert [await stream.next(60.0) for stream in streams] == [None] * 3
