"""Fixtures: Chromium once a session, each filled club once a run, a running copy for each file."""

import fcntl
import os
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from reading_club_functional.browser.chromium import open_chromium
from reading_club_functional.browser.pages import Role
from reading_club_functional.browser.site import (
    FilledClub,
    Site,
    View,
    Visit,
    filled,
    running_site,
)
from reading_club_functional.requirements import require_chromium

ClubWith = Callable[[int], FilledClub]
SiteWith = Callable[[int], Site]

expect.set_options(timeout=10_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Chromium; if it is not installed, the test is skipped with instructions."""
    require_chromium()
    async with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def club_with(tmp_path_factory: pytest.TempPathFactory) -> ClubWith:
    """A function that fills a club with this number of books, once, which is copied to be run.

    Processes of pytest-xdist share the clubs.
    """
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    return cache(lambda books: filled_by_one_process(shared / f"filled-{books}", books))


def filled_by_one_process(folder: Path, books: int) -> FilledClub:
    """Fill a club in the folder, or wait until another process has, and return it."""
    folder.mkdir(exist_ok=True)
    known = folder / "club.pickle"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists():
            (folder / "club").mkdir()
            known.write_bytes(pickle.dumps(filled(folder / "club", books)))
    club: FilledClub = pickle.loads(known.read_bytes())  # noqa: S301  # written above
    return club


@pytest.fixture(scope="module")
def site_with(club_with: ClubWith, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteWith]:
    """A function that returns a club with this number of books, which runs until the last test."""
    with ExitStack() as stack:

        @cache
        def running(books: int) -> Site:
            folder = tmp_path_factory.mktemp("club")
            return stack.enter_context(running_site(club_with(books), folder))

        yield running


@pytest.fixture
def site(site_with: SiteWith) -> Site:
    """A club that starts without books."""
    return site_with(0)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(chromium: Browser) -> AsyncIterator[Visit]:
    """A function that opens a page of a club in a new profile, with a view, as a role."""
    async with AsyncExitStack() as stack:

        async def opened(site: Site, view: View | None = None, role: Role = "visitor") -> Page:
            return await stack.enter_async_context(site.opened(chromium, view, role))

        yield opened
