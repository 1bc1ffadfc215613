"""The shelf: the first pages of a large club, compared with those of a small one."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter
from typing import Final

from reading_club.app.web.pages import BOOKS
from reading_club_functional.bench.comparison import Comparison
from reading_club_functional.bench.environment import Environment
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.large_shelf import REVIEWS_EACH, fill_shelf

MANY, FEW = 100_000, 100
"""Books of both clubs; each has ten reviews."""
PATHS: Final = ("/", "/?order=title", "/?order=author", "/?order=best", "/?q=the+of")
"""Pages of the shelf, each of which is asked for as often; the search finds all books."""
TIMES = 200
"""Requests of each page."""
WARM_UP = 5


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the time of the first pages of the shelf, in each order and of a search."""
    yield Comparison(
        name="first_page_large",
        unit="ms",
        ours=partial(first_pages, environment, environment.size(MANY)),
        peer=partial(first_pages, environment, FEW),
        peer_name=f"{FEW} books and {FEW * REVIEWS_EACH:,} reviews",
        goal=2.0,
        at_most=True,
        rounds=3,
    )


def first_pages(environment: Environment, books: int) -> float:
    """Return the mean milliseconds of a request, one after the other, to a web process.

    Raises AssertionError unless each page is full.
    """
    with (
        environment.copy(
            ("shelf", books), partial(fill_shelf, books=books, reviews=True)
        ) as database_url,
        ClubCluster(
            Path(mkdtemp(dir=environment.folder)),
            database_url=database_url,
            broker_url=environment.rabbitmq.url,
        ) as club,
    ):
        club.observed = environment.observed
        club.start("web")
        _ask(club, WARM_UP)
        times = environment.size(TIMES)
        start = perf_counter()
        _ask(club, times)
        return (perf_counter() - start) * 1_000 / (times * len(PATHS))


def _ask(club: ClubCluster, times: int) -> None:
    for _ in range(times):
        for path in PATHS:
            page = club.browser.get(path).raise_for_status().text
            assert page.count('<h2 class="title">') == BOOKS, path
