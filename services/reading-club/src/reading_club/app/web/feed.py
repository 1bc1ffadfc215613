"""``/activity.atom``: the newest activity as an Atom feed (RFC 4287), for feed readers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from reading_club.app.application import TheApplication
from reading_club.app.notice_text import isolated
from reading_club.app.web.activity_sentences import sentence, titles_of
from reading_club.app.web.identity import require_reader_of_page
from reading_club.app.web.languages import language_headers
from reading_club.app.web.templates import templates
from reading_club.service.activity import ActivityEntry

router = APIRouter(include_in_schema=False, dependencies=[Depends(require_reader_of_page)])

ENTRIES: Final = 50
MEDIA_TYPE: Final = "application/atom+xml"
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated: Atom requires a time."""


@router.get("/activity.atom")
async def feed(request: Request, application: TheApplication) -> Response:
    """Return the newest entries; 304 if they are those of the ETag in If-None-Match."""
    async with application.reading() as uow:
        entries = await uow.activity.page(limit=ENTRIES)
        titles = await titles_of(uow.catalogue, entries)
    context = {
        "origin": request.app.state.policy.origin or str(request.base_url).rstrip("/"),
        "updated": max((entry.occurred_at for entry in entries), default=NEVER),
        "entries": [_told(entry, titles) for entry in entries],
    }
    response = templates.TemplateResponse(
        request, "activity.atom.xml", context, media_type=MEDIA_TYPE
    )
    etag = f'"{sha256(response.body).hexdigest()[:32]}"'
    if etag in _known(request):
        return Response(status_code=304, headers={"ETag": etag, **language_headers()})
    response.headers["ETag"] = etag
    return response


def _told(entry: ActivityEntry, titles: Mapping[UUID, str]) -> Mapping[str, object]:
    """Return an entry's id, time, sentence and the path of the page that it is about."""
    parts = sentence(entry, titles)
    return {
        "id": entry.id,
        "at": entry.occurred_at,
        "text": "".join(isolated(part.text) if part.name else part.text for part in parts),
        "href": next((part.href for part in parts if part.href), "/activity"),
    }


def _known(request: Request) -> Sequence[str]:
    """Return the ETags in If-None-Match, which a proxy may have made weak."""
    values = ",".join(request.headers.getlist("if-none-match")).split(",")
    return [value.strip().removeprefix("W/") for value in values]
