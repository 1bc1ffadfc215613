"""What has happened in the club, as the worker wrote it."""

from fastapi import APIRouter

from reading_club.app.web.deps import Cursor, Limit, Page, TheClub
from reading_club.service.activity import ActivityEntry

router = APIRouter(prefix="/api/activity", tags=["activity"])


class ActivityPage(Page):
    """Events, the newest first."""

    items: list[ActivityEntry]


@router.get("")
async def list_activity(club: TheClub, cursor: Cursor = None, limit: Limit = 50) -> ActivityPage:
    """Look at what has happened, the newest first."""
    async with club.unit_of_work() as transaction:
        entries = await transaction.uow.activity.page(before=cursor, limit=limit + 1)
        await transaction.rollback()
    return ActivityPage(
        items=list(entries[:limit]),
        next_cursor=entries[limit - 1].id if len(entries) > limit else None,
    )
