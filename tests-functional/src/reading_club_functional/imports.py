"""Files of books of any size, and the import of one into a running club."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import httpx2

from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import ClubCluster
from reading_club_functional.members import tokens_of_members

HEADER: Final = "Title,Author,ISBN13,My Rating,My Review,Date Read,Bookshelves\n"
WRONG_EACH, UNRATED_EACH = 10, 3
"""Of this number of rows one has a wrong ISBN, or, of the others, no rating."""
FIRST_ISBN: Final = 500_000_000
"""The number of the first book's ISBN, above those of other books of a test."""
FINISHED: Final = "finished"


def library(rows: int, *, first: int = 0) -> Iterator[str]:
    """Yield the lines of a file of Goodreads with as many rows; equal numbers are equal books."""
    yield HEADER
    for number in range(first, first + rows):
        isbn = "12" if number % WRONG_EACH == 0 else an_isbn(FIRST_ISBN + number).canonical
        rated = number % UNRATED_EACH != 0
        rating, review = (number % 5 + 1, f"Said of {number}.") if rated else (0, "")
        yield f'"Book, {number}",Author {number},"=""{isbn}""",{rating},{review},2024/05/17,read\n'


def good_rows(rows: int) -> int:
    """Return how many of the rows are not rejected."""
    return rows - -(-rows // WRONG_EACH)


class Importer:
    """A member of a club, who imports files over HTTP, whatever happens to the web process."""

    def __init__(self, club: ClubCluster) -> None:
        (token,) = asyncio.run(tokens_of_members(club.app_settings, 1))
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx2.Client(base_url=club.url, headers=headers, timeout=300)

    def post(self, content: bytes) -> dict[str, Any]:
        """Import a file, and return the import. Raises HTTPStatusError, and HTTPError."""
        answer = self._client.post("/api/imports", content=content)
        answer.raise_for_status()
        stored: dict[str, Any] = answer.json()
        return stored

    def get(self, id: str) -> dict[str, Any]:
        """Return an import; an empty one while the web process does not answer."""
        try:
            found: dict[str, Any] = self._client.get(f"/api/imports/{id}").json()
        except httpx2.HTTPError:
            return {}
        return found if "sums" in found else {}

    def handled(self, id: str) -> int:
        """Return how many rows have an outcome, -1 while the web process does not answer.

        Raises AssertionError unless the sums are equal to the rows.
        """
        sums = self.get(id).get("sums")
        if sums is None:
            return -1
        assert sums["rows"] == sum(number for name, number in sums.items() if name != "rows")
        return int(sums["rows"] - sums["waiting"])

    def is_finished(self, id: str) -> bool:
        """Return whether each row has an outcome, and the import says so."""
        return self.get(id).get("state") == FINISHED
