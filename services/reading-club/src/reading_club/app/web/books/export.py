"""``/api/export.csv``: the shelf, with the member's own ratings and reviews, to take along."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from reading_club.app.application import TheApplication
from reading_club.app.web.identity import Member
from reading_club.app.web.problems import responses
from reading_club.app.web.response_headers import download_headers
from reading_club.service.book_files.shelf_export import shelf_csv

router = APIRouter(prefix="/api", tags=["books"], responses=responses(401, 503))

CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
}


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV)
async def export_shelf(account: Member, application: TheApplication) -> StreamingResponse:
    """Get all books, with your own ratings and reviews, as a CSV file in the format of Goodreads.

    If the database fails in the middle, the connection ends before the end of the response, which
    clients report as an incomplete download.
    """
    pages = shelf_csv(application.reading, account.reviewer_id)
    first = await anext(pages)  # a failure up to here is answered with its status

    async def content() -> AsyncIterator[str]:
        async with aclosing(pages):
            yield first
            async for page in pages:
                yield page

    headers = download_headers("reading-club.csv")
    return StreamingResponse(content(), media_type="text/csv; charset=utf-8", headers=headers)
