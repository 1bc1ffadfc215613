"""``/api/activity``: the activity log, a read model of the worker."""

from fastapi import APIRouter

from reading_club.app.application import TheApplication
from reading_club.app.web.paging import Cursor, Limit, Page, page_of
from reading_club.service.activity import ActivityEntry

router = APIRouter(prefix="/api/activity", tags=["activity"])


class ActivityPage(Page):
    """A page of activity entries, the newest first."""

    items: list[ActivityEntry]


@router.get("")
async def list_activity(
    application: TheApplication, cursor: Cursor = None, limit: Limit = 50
) -> ActivityPage:
    """List the activity, the newest first."""
    async with application.unit_of_work() as transaction:
        entries = await transaction.uow.activity.page(before=cursor, limit=limit + 1)
        await transaction.rollback()
    items, next_cursor = page_of(entries, limit)
    return ActivityPage(items=list(items), next_cursor=next_cursor)
