"""HTML pages to read: the shelf and the activity."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from reading_club.app.application import TheApplication
from reading_club.app.web.activity_sentences import titles_of
from reading_club.app.web.books.book_cursor import CursorText, Order, read_cursor
from reading_club.app.web.identity import is_open_to_all, require_reader_of_page
from reading_club.app.web.languages import N_, gettext
from reading_club.app.web.paging import Position, page_of
from reading_club.app.web.response_headers import WITH_SCRIPT
from reading_club.app.web.templates import templates
from reading_club.domain.text import SearchWords
from reading_club.service.catalogue import PRIOR_RATING, PRIOR_REVIEWS

router = APIRouter(
    include_in_schema=False,
    default_response_class=HTMLResponse,
    dependencies=[Depends(require_reader_of_page)],
)

BOOKS = 25
ENTRIES = 30
NEWEST_ENTRIES = 12
NOTICES: Mapping[str, str] = {
    "added": N_("The book is on the shelf now."),
    "book-withdrawn": N_("The book is withdrawn, and it is on record that you did it."),
    "corrected": N_("The book is corrected."),
    "claimed": N_("The club is yours now. Invite its members on the page “Members”."),
    "followed": N_("You follow this book now: new reviews of it are news for you."),
    "joined": N_("Welcome to the club."),
    "left": N_("You have left the club."),
    "logged-out": N_("You are logged out."),
    "password": N_("Your password is changed, and you are logged in."),
    "reviewed": N_("Your review is stored. Thank you."),
    "revised": N_("Your review is changed."),
    "unfollowed": N_("You do not follow this book any more."),
    "withdrawn": N_("Your review is withdrawn."),
    "withdrawn-by-organiser": N_("The review is withdrawn, and it is on record that you did it."),
}
"""What a page may say at its top, by the value of ``said`` in its address."""

ORDER_NAMES: Mapping[str, str] = {
    "newest": N_("Newest"),
    "title": N_("Title"),
    "author": N_("Author"),
    "best": N_("Best rated"),
}


@router.get("/")
async def shelf(
    request: Request,
    application: TheApplication,
    q: SearchWords = "",
    order: Order = "newest",
    cursor: CursorText = None,
    said: str = "",
) -> HTMLResponse:
    """Show the books with their ratings, in an order, and the newest activity."""
    before = read_cursor(cursor, order)
    async with application.reading() as uow:
        books = await uow.books.page(query=q, order=order, before=before, limit=BOOKS)
        total = await uow.books.count()
        after = await uow.activity.latest_position()
        entries = await uow.activity.page(limit=NEWEST_ENTRIES)
        rated = await uow.catalogue.entries([book.id for book in books])
        titles = await titles_of(uow.catalogue, entries)
    context = {
        "books": books,
        "total": total,
        "rated": rated,
        "query": q,
        "order": order,
        "orders": ORDER_NAMES,
        "prior": {"reviews": PRIOR_REVIEWS, "rating": PRIOR_RATING},
        "older": str(books.following) if books.following else None,
        "is_newest": cursor is None,
        "entries": entries,
        "after": after,
        "titles": titles,
        "notice": gettext(NOTICES.get(said, "")),
        "is_open_to_all": await is_open_to_all(application),
    }
    return templates.TemplateResponse(request, "shelf.html", context, headers=WITH_SCRIPT)


@router.get("/activity")
async def activity_page(
    request: Request, application: TheApplication, cursor: UUID | None = None
) -> HTMLResponse:
    """Show what has happened in the club, the newest first."""
    async with application.reading() as uow:
        after = await uow.activity.latest_position() if cursor is None else None
        entries = await uow.activity.page(before=cursor, limit=ENTRIES + 1)
        titles = await titles_of(uow.catalogue, entries)
    shown, older = page_of(entries, ENTRIES)
    context = {
        "older": older,
        "is_newest": cursor is None,
        "entries": shown,
        "after": after,
        "titles": titles,
    }
    headers = WITH_SCRIPT if cursor is None else None
    return templates.TemplateResponse(request, "activity.html", context, headers=headers)


@router.get("/activity/arrivals")
async def arrivals(request: Request, application: TheApplication, after: Position) -> HTMLResponse:
    """Return entries above the position as items of a list, the last that arrived first.

    ``live.js`` asks again until it gets none, so that the sentences are said in one place.
    """
    async with application.reading() as uow:
        found = await uow.activity.arrived(after=after, limit=ENTRIES)
        entries = [arrival.entry for arrival in reversed(found)]
        titles = await titles_of(uow.catalogue, entries)
    positions = {entry.id: position for position, entry in found}
    context = {"entries": entries, "titles": titles, "positions": positions}
    return templates.TemplateResponse(request, "activity_arrivals.html", context)
