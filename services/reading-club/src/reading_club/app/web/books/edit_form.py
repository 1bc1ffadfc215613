"""The page with the form to correct a book, what it is sent to, and how a book is withdrawn."""

from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field, ValidationError

from reading_club.app import correcting
from reading_club.app.application import TheApplication
from reading_club.app.correcting import BookChanges
from reading_club.app.field_errors import FieldError
from reading_club.app.web.books.book_form import known_book
from reading_club.app.web.html_forms import errors_of, form_page, require_form
from reading_club.app.web.identity import Member, Organiser, club_of_page
from reading_club.app.web.languages import N_, gettext
from reading_club.domain.errors import BookAlreadyRegistered, BookNotFound, VersionMismatch
from reading_club.domain.model import Book

router = APIRouter(
    prefix="/books/{id:uuid}", include_in_schema=False, dependencies=[Depends(club_of_page)]
)


class SentBook(BaseModel):
    """The form as it is sent; ``version`` is the one that it was made for."""

    title: str = ""
    author: str = ""
    isbn: str = ""
    version: int = Field(default=0, ge=0, lt=10**9)

    def changes(self) -> BookChanges:
        """Return what the form says, checked. Raises ValidationError."""
        fields = self.model_dump(exclude={"version"})
        return BookChanges.model_validate({**fields, "isbn": self.isbn.strip() or None})


CHANGED_MEANWHILE = N_(
    "the book was changed meanwhile: what is stored is shown here, and what you typed is "
    "below. Send it again to replace it"
)


def _form_of(book: Book) -> dict[str, Any]:
    isbn = book.isbn.hyphenated if book.isbn else ""
    return {"title": book.title, "author": book.author, "isbn": isbn, "version": book.version}


@router.get("/edit")
async def edit_book(
    request: Request, application: TheApplication, account: Member, id: UUID
) -> HTMLResponse:
    """Show the form with the book as it is stored."""
    book = await correcting.book_to_correct(application, account, id)
    return form_page(request, "edit_book.html", _form_of(book), book=book)


@router.post("/edit", dependencies=[Depends(require_form)])
async def correct_book(  # the form, and who sends it
    request: Request,
    application: TheApplication,
    account: Member,
    id: UUID,
    sent: Annotated[SentBook, Form()],
) -> Response:
    """Correct the book that the form was made for; show errors at their fields.

    After another change, what is stored is shown beside what was typed.
    """
    book = await correcting.book_to_correct(application, account, id)
    form = sent.model_dump()
    try:
        await correcting.correct_book(application, account, book, sent.changes(), sent.version)
    except ValidationError as exc:
        return form_page(request, "edit_book.html", form, errors_of(exc), book=book)
    except BookAlreadyRegistered as exc:
        known = await known_book(application, exc)
        return form_page(request, "edit_book.html", form, errors_of(exc), book=book, known=known)
    except VersionMismatch:
        stored = await correcting.book_to_correct(application, account, id)
        if stored.content != sent.changes().content:  # else the form was sent twice
            return _changed_meanwhile(request, form, stored)
    return RedirectResponse(f"/books/{id}?said=corrected", status_code=303)


def _changed_meanwhile(request: Request, form: dict[str, Any], stored: Book) -> HTMLResponse:
    """Show what is stored beside what was typed, to be sent again for the stored version."""
    form["version"] = stored.version
    errors = [FieldError(field="form", detail=gettext(CHANGED_MEANWHILE))]
    page = form_page(request, "edit_book.html", form, errors, book=stored, is_conflict=True)
    page.status_code = 409
    return page


@router.post("/withdraw", dependencies=[Depends(require_form)])
async def withdraw_book(id: UUID, application: TheApplication, organiser: Organiser) -> Response:
    """Withdraw the book as an organiser; one that is withdrawn already stays so."""
    with suppress(BookNotFound):  # the form was sent twice
        await correcting.withdraw_book(application, organiser, id)
    return RedirectResponse("/?said=book-withdrawn", status_code=303)
