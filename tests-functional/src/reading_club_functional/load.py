"""Load: registers books over HTTP, four at a time."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx2

from reading_club.testing.builders import an_isbn

AT_ONCE = 4


@dataclass
class Posted:
    """The results of the requests."""

    ids: list[str] = field(default_factory=list)
    """The ids of the books that were answered with 201."""
    failures: list[str] = field(default_factory=list)
    """Status and body of each other answer, or the class of the error."""
    seconds: list[float] = field(default_factory=list)
    """The duration of each request answered with 201, ascending."""

    def percentile(self, share: float) -> float:
        """Return the seconds within which this share (below 1) of the 201 answers came."""
        return self.seconds[int(share * len(self.seconds))]


def post_books(url: str, count: int, *, during: Callable[[], None] | None = None) -> Posted:
    """Register `count` new books, four at a time; call ``during`` when half are answered."""
    posted = Posted()
    with httpx2.Client(base_url=url, timeout=30) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(_post, client, posted) for _ in range(count)]
        if during is not None:
            futures[count // 2].result()
            during()
        for future in futures:
            future.result()
    posted.seconds.sort()
    return posted


def _post(client: httpx2.Client, posted: Posted) -> None:
    isbn = an_isbn()
    book = {"title": f"Volume {isbn.canonical}", "author": "Many", "isbn": isbn.canonical}
    start = time.perf_counter()
    try:
        answer = client.post("/api/books", json=book)
    except httpx2.HTTPError as exc:
        posted.failures.append(type(exc).__name__)
        return
    if answer.status_code == httpx2.codes.CREATED:
        posted.seconds.append(time.perf_counter() - start)
        posted.ids.append(answer.json()["id"])
    else:
        posted.failures.append(f"{answer.status_code} {answer.text}")
