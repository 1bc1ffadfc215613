"""What the routes ask for."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from reading_club.app.composition import Club


async def the_club(request: Request) -> Club:
    """Return the club that the application has opened.

    It awaits nothing; FastAPI would ask a plain function in another thread.
    """
    club: Club = request.app.state.club
    return club


TheClub = Annotated[Club, Depends(the_club)]
Cursor = Annotated[
    UUID | None, Query(description="`next_cursor` of the page before; none for the first page")
]
Limit = Annotated[int, Query(ge=1, le=100, description="how many items at most")]


class Page(BaseModel):
    """Part of a list. ``next_cursor`` leads to the rest, and is null at the end."""

    next_cursor: UUID | None
