"""Writes, revises and withdraws reviews of the first books over HTTP, as members."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import httpx2

from reading_club.app.settings import Settings
from reading_club_functional.members import tokens_of_members

MEMBERS, WRITERS_EACH = 2, 2
"""Two writers are the same member, who reviews from two devices at once."""
REVIEWED = 5
"""The number of books that are reviewed: few, so that writers meet."""
BETWEEN, TIMEOUT = 0.1, 10.0
"""Seconds between two changes of one writer, and until a request is given up."""
WRITTEN, WITHDRAWN = frozenset({200, 201}), 204
REFUSED = frozenset({404, 412, 428, 503})
"""Statuses for a review that another writer was first to change, and for an outage."""


@dataclass
class ReviewWriter:
    """Changes reviews from several threads, each change expecting the version it has read."""

    url: str
    tokens: Sequence[str]
    answered: dict[UUID, int] = field(default_factory=dict)
    """By review, the highest version that was answered with success."""
    wrong: list[str] = field(default_factory=list)
    """The answers with other statuses than expected ones, with their bodies."""
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of_new_members(cls, url: str, settings: Settings) -> "ReviewWriter":
        """Return a writer for members that are stored by this call."""
        return cls(url, asyncio.run(tokens_of_members(settings, MEMBERS)))

    @contextmanager
    def writing(self, books: Callable[[], Sequence[UUID]]) -> Iterator[None]:
        """Review the first of these books until the block ends."""
        threads = [
            threading.Thread(target=self._write, args=(books, token, f"{number} {token}"))
            for token in self.tokens
            for number in range(WRITERS_EACH)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _write(self, books: Callable[[], Sequence[UUID]], token: str, seed: str) -> None:
        random, headers = Random(seed), {"authorization": f"Bearer {token}"}  # noqa: S311  # no secret
        with httpx2.Client(base_url=self.url, headers=headers, timeout=TIMEOUT) as client:
            while not self.over.is_set():
                time.sleep(BETWEEN)
                if first := books()[:REVIEWED]:
                    try:
                        self._change(client, f"/api/books/{random.choice(first)}/review", random)
                    except httpx2.HTTPError:
                        continue  # whether it was stored is unknown: the next change reads first

    def _change(self, client: httpx2.Client, path: str, random: Random) -> None:
        """Read the review, then write, revise or withdraw it."""
        known = client.get(path)
        if known.status_code == httpx2.codes.OK:
            self._note(known)
            expected = {"if-match": known.headers["etag"]}
        else:
            self._require(known, REFUSED)
            expected = {}
        if expected and not random.randrange(4):
            answer = client.delete(path, headers=expected)
            self._require(answer, {WITHDRAWN, *REFUSED})
        else:
            review = {"rating": random.randrange(11), "comment": f"{random.random()}"}
            answer = client.put(path, json=review, headers=expected)
            self._require(answer, WRITTEN | REFUSED)
        if answer.status_code in WRITTEN:
            self._note(answer)

    def _note(self, answer: httpx2.Response) -> None:
        review = answer.json()
        id_ = UUID(review["id"])
        with self._lock:
            self.answered[id_] = max(review["version"], self.answered.get(id_, 0))

    def _require(self, answer: httpx2.Response, expected: Collection[int]) -> None:
        if answer.status_code not in expected:
            self.wrong.append(f"{answer.status_code} {answer.text[:300]}")
