"""``/following.atom``: a member's notices as an Atom feed (RFC 4287), read with a secret."""

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from reading_club.app.application import Application, TheApplication
from reading_club.app.notice_text import sentence_of
from reading_club.app.web.templates import templates
from reading_club.domain.errors import LinkNotValid
from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.secrets import hash_of, new_secret

router = APIRouter(include_in_schema=False)

PATH: Final = "/following.atom"
ENTRIES: Final = 50
MEDIA_TYPE: Final = "application/atom+xml"
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated: Atom requires a time."""


async def new_feed(application: Application, account: Account) -> str:
    """Give the member a feed, in place of an earlier one, and return its secret."""
    secret = new_secret()
    async with application.writing() as transaction:
        await transaction.uow.following_feeds.put(account.id, hash_of(secret))
    return secret


@router.get(PATH)
async def feed(request: Request, application: TheApplication, token: str = "") -> Response:
    """Return the member's newest notices. Raises LinkNotValid."""
    async with application.reading() as uow:
        account_id = await uow.following_feeds.find(hash_of(token))
        if account_id is None:
            raise LinkNotValid
        notices = await uow.notices.page(account_id, limit=ENTRIES)
    await application.read_club()
    context = {
        "account_id": account_id,
        "origin": request.app.state.policy.origin or str(request.base_url).rstrip("/"),
        "updated": max((notice.occurred_at for notice in notices), default=NEVER),
        "entries": [(notice, sentence_of(notice)) for notice in notices],
    }
    return templates.TemplateResponse(request, "following.atom.xml", context, media_type=MEDIA_TYPE)
