"""The page of a book: its ratings, the reader's own review with its form, and the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from reading_club.app.application import Application, TheApplication
from reading_club.app.correcting import may_correct
from reading_club.app.field_errors import FieldError
from reading_club.app.web.html_forms import form_page
from reading_club.app.web.identity import TheCaller, is_open_to_all, require_reader_of_page
from reading_club.app.web.languages import gettext
from reading_club.app.web.pages import NOTICES
from reading_club.app.web.paging import page_of
from reading_club.app.web.response_headers import WITH_SCRIPT
from reading_club.service.accounts.accounts import Account
from reading_club.service.repositories import ListedReview
from reading_club.service.uow import AbstractUnitOfWork

router = APIRouter(include_in_schema=False, dependencies=[Depends(require_reader_of_page)])

REVIEWS = 20


@dataclass(frozen=True)
class OwnReview:
    """The reader's review of the book, as it is stored; ``listed`` is None without one.

    ``is_counted`` says whether the ratings of the book include its last change.
    """

    listed: ListedReview | None = None
    is_counted: bool = True

    def form(self) -> Mapping[str, str]:
        """Return the fields of the form to revise the review, or to write it."""
        if self.listed is None:
            return {"rating": "", "comment": "", "version": ""}
        review = self.listed.review
        return {name: str(getattr(review, name)) for name in ("rating", "comment", "version")}


@dataclass(frozen=True)
class Unsent:
    """A form that was sent and not stored: what was typed, why, and the status of the answer.

    After a conflict the form is to be sent again with the version that is stored by now.
    """

    form: Mapping[str, str]
    status: int
    errors: Sequence[FieldError] = ()
    is_conflict: bool = False


async def _own(uow: AbstractUnitOfWork, book_id: UUID, account: Account | None) -> OwnReview:
    """Return the member's review from the write side, also if the ratings do not have it yet."""
    if account is None:
        return OwnReview()
    review = await uow.reviews.find_of(book_id, account.reviewer_id)
    if review is None:
        return OwnReview()
    listed = await uow.reviews.page(book_id=book_id, reviewer_id=account.reviewer_id, limit=1)
    rated = await uow.catalogue.rated_version(review.id)
    return OwnReview(listed[0] if listed else None, rated is not None and rated >= review.version)


@router.get("/books/{id:uuid}")
async def book_page(
    request: Request,
    application: TheApplication,
    caller: TheCaller,
    id: UUID,
    cursor: UUID | None = None,
    said: str = "",
) -> HTMLResponse:
    """Show a book with its ratings, and its reviews, the newest first."""
    context = await _context(application, caller.account, id, cursor)
    mine: OwnReview = context["mine"]
    context["notice"] = gettext(NOTICES.get(said, ""))
    page = form_page(request, "book.html", mine.form(), **context)
    page.headers.update(WITH_SCRIPT)
    return page


async def unsent_page(
    request: Request, application: Application, account: Account | None, id: UUID, unsent: Unsent
) -> HTMLResponse:
    """Show the book again with what was typed, and why it is not stored."""
    context = await _context(application, account, id, None)
    mine: OwnReview = context["mine"]
    form, errors = dict(unsent.form), unsent.errors
    if unsent.is_conflict:
        form["version"] = mine.form()["version"]
        errors = [changed_meanwhile(mine)]
    page = form_page(request, "book.html", form, errors, is_unsent=True, **context)
    page.status_code = unsent.status
    return page


def unsent_form(request: Request, id: UUID, unsent: Unsent) -> HTMLResponse:
    """Show what a visitor typed, and nothing of the book: it is for members only."""
    book, mine = {"id": id}, OwnReview()
    page = form_page(request, "unsent.html", unsent.form, is_unsent=True, book=book, mine=mine)
    page.status_code = unsent.status
    return page


def changed_meanwhile(mine: OwnReview) -> FieldError:
    """Return the error of a form whose review has another version by now."""
    if mine.listed is None:
        detail = gettext("your review was withdrawn meanwhile: send it again to write it once more")
    else:
        detail = gettext(
            "your review was changed meanwhile, perhaps in another window. It is shown here, "
            "and what you typed is below: send it again to replace it"
        )
    return FieldError(field="form", detail=detail)


async def _context(
    application: Application, account: Account | None, id: UUID, cursor: UUID | None
) -> dict[str, Any]:
    async with application.reading() as uow:
        book = await uow.books.get(id)
        after = await uow.activity.latest_position()
        entries = await uow.catalogue.entries([id])
        reviews = await uow.reviews.page(book_id=id, before=cursor, limit=REVIEWS + 1)
        mine = await _own(uow, id, account)
        follows = account is not None and await uow.follows.follows_book(account.id, id)
    shown, older = page_of(reviews, REVIEWS)
    return {
        "book": book,
        "after": after,
        "rated": entries.get(id),
        "mine": mine,
        "account": account,
        "may_correct": account is not None and may_correct(account, book),
        "follows": follows,
        "is_open_to_all": await is_open_to_all(application),
        "reviews": [each for each in shown if mine.listed is None or each.id != mine.listed.id],
        "older": older,
        "is_newest": cursor is None,
    }
