"""What has happened in the club, as the worker wrote it."""

from typing import Any, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from reading_club.app.web.deps import Cursor, Limit, Page, TheClub
from reading_club.service.activity import ActivityEntry

router = APIRouter(prefix="/api/activity", tags=["activity"])


class EntryOut(BaseModel):
    """One event, in the words of its type."""

    id: UUID
    type: str
    occurred_at: AwareDatetime
    payload: dict[str, Any]

    @classmethod
    def of(cls, entry: ActivityEntry) -> Self:
        """Return the entry as the API shows it."""
        return cls(**entry.model_dump())


class ActivityPage(Page):
    """Events, the newest first."""

    items: list[EntryOut]


@router.get("")
async def list_activity(club: TheClub, cursor: Cursor = None, limit: Limit = 50) -> ActivityPage:
    """Look at what has happened, the newest first."""
    async with club.unit_of_work() as transaction:
        entries = await transaction.uow.activity.page(before=cursor, limit=limit + 1)
        await transaction.rollback()
    return ActivityPage(
        items=[EntryOut.of(entry) for entry in entries[:limit]],
        next_cursor=entries[limit - 1].id if len(entries) > limit else None,
    )
