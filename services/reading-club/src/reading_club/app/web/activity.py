"""``/api/activity``: the activity log, a read model of the worker."""

from fastapi import APIRouter, Depends

from reading_club.app.application import TheApplication
from reading_club.app.web.identity import require_reader
from reading_club.app.web.paging import Cursor, Limit, Page, page_of
from reading_club.app.web.problems import responses
from reading_club.service.activity import ActivityEntry

router = APIRouter(
    prefix="/api/activity",
    tags=["activity"],
    dependencies=[Depends(require_reader)],
    responses=responses(401, 422, 503),
)


class ActivityPage(Page):
    """A page of activity entries, the newest first."""

    items: list[ActivityEntry]


@router.get("")
async def list_activity(
    application: TheApplication, cursor: Cursor = None, limit: Limit = 50
) -> ActivityPage:
    """List the activity, the newest first, without comments: a book has those that still stand."""
    async with application.reading() as uow:
        entries = await uow.activity.page(before=cursor, limit=limit + 1)
    items, next_cursor = page_of(entries, limit)
    return ActivityPage(items=[without_comment(each) for each in items], next_cursor=next_cursor)


def without_comment(entry: ActivityEntry) -> ActivityEntry:
    """Return the entry without the comment of a review, which may be withdrawn by now."""
    payload = {name: value for name, value in entry.payload.items() if name != "comment"}
    return entry.model_copy(update={"payload": payload})
