"""Registers books over HTTP, and repeats each request with the same id until it gets 201."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import httpx2
from lastuuid import uuid7

from reading_club.testing.builders import an_isbn
from reading_club_functional.polling import eventually

WRITERS = 3
BETWEEN, AGAIN = 0.1, 0.2
"""Seconds between two books of one thread, and before a request is repeated."""
TIMEOUT = 10.0
CREATED, UNAVAILABLE = "201", "503"
NO_ANSWER = "no answer"
REPEATED = frozenset({UNAVAILABLE, NO_ANSWER})


@dataclass
class Writer:
    """Registers books from several threads."""

    url: str
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """The answers that are neither 201 nor 503, with their bodies."""
    begun: set[UUID] = field(default_factory=set)
    created: set[UUID] = field(default_factory=set)
    poison: set[UUID] = field(default_factory=set)
    poison_titles: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)
    """Titles for the next books, whose events cannot be handled."""
    over: threading.Event = field(default_factory=threading.Event)
    given_up: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write in threads until the block ends; then only repeat unanswered requests."""
        threads = [threading.Thread(target=self._write, name="writer") for _ in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()

    def finish(self, within: float) -> None:
        """Wait for the last answers, at most `within` seconds, then stop the repetitions."""
        with suppress(AssertionError):
            eventually(
                lambda: len(self.begun) == len(self.created) + len(self.wrong), within=within
            )
        self.given_up.set()

    def books(self) -> Sequence[UUID]:
        """Return the books that were answered with 201, the newest last."""
        return sorted(self.created)

    def _write(self) -> None:
        with httpx2.Client(base_url=self.url, timeout=TIMEOUT) as client:
            while not self.over.is_set():
                self._write_book(client)
                time.sleep(BETWEEN)

    def _write_book(self, client: httpx2.Client) -> None:
        id_, isbn = uuid7(), an_isbn().canonical
        title = f"Volume {isbn}"
        with suppress(queue.Empty):
            title = f"{self.poison_titles.get_nowait()} {isbn}"
            self.poison.add(id_)
        self.begun.add(id_)
        book = {"id": str(id_), "title": title, "author": "Many", "isbn": isbn}
        while self._post(client, book) in REPEATED and not self.given_up.is_set():
            time.sleep(AGAIN)

    def _post(self, client: httpx2.Client, book: dict[str, str]) -> str:
        try:
            answer = client.post("/api/books", json=book)
        except httpx2.HTTPError:
            self.answers[NO_ANSWER] += 1
            return NO_ANSWER
        status = str(answer.status_code)
        self.answers[status] += 1
        if status == CREATED:
            self.created.add(UUID(book["id"]))
        elif status != UNAVAILABLE:
            self.wrong.append(f"{status} {answer.text[:300]}")
        return status
