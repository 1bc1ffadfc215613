"""Pages of a list: the parameters of a request, and its response."""

from collections.abc import Sequence
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from reading_club.domain.model import Book
from reading_club.service.activity import ActivityEntry
from reading_club.service.repositories import ListedReview

T = TypeVar("T", Book, ActivityEntry, ListedReview)

Cursor = Annotated[
    UUID | None, Query(description="`next_cursor` of the page before; none for the first page")
]
Limit = Annotated[int, Query(ge=1, le=100, description="how many items at most")]

Position = Annotated[
    int, Query(ge=0, lt=2**63, description="the position after which to go on in the activity")
]


class Page(BaseModel):
    """A page of a list. ``next_cursor`` is the cursor of the next page, null on the last page."""

    next_cursor: UUID | None


def page_of(rows: Sequence[T], limit: int) -> tuple[Sequence[T], UUID | None]:
    """Return the first ``limit`` rows, and the cursor of the next page if there are more rows."""
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None
