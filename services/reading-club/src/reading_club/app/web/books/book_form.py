"""The page with the form for a new book, and what the form is sent to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from lastuuid import uuid7
from pydantic import ValidationError

from reading_club.app.application import Application, TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.web.html_forms import FormText, errors_of, form_page, require_form
from reading_club.app.web.identity import TheCaller, club_of_page, require_writer
from reading_club.app.web.languages import N_, gettext
from reading_club.domain.errors import BookAlreadyRegistered, IdentifierTaken, Refusal
from reading_club.domain.messages import RegisterBook
from reading_club.domain.model import Book

router = APIRouter(include_in_schema=False, dependencies=[Depends(club_of_page)])

FormId = Annotated[UUID | None, Form()]

SENT_BEFORE = N_(
    "This form was sent before, with another book. Send it again to add this one as well."
)


@router.get("/books/new", dependencies=[Depends(require_writer)])
async def new_book(request: Request) -> HTMLResponse:
    """Show the form for a new book."""
    return form_page(request, "new_book.html", {"id": str(uuid7())})


async def known_book(application: Application, refusal: Refusal) -> Book | None:
    """Return the book that a new one was refused for, or None."""
    if not isinstance(refusal, BookAlreadyRegistered):
        return None
    async with application.reading() as uow:
        return await uow.books.find_by_isbn(refusal.isbn)


@router.post("/books", dependencies=[Depends(require_writer), Depends(require_form)])
async def add_book(  # the fields of the form, and its id
    request: Request,
    application: TheApplication,
    caller: TheCaller,
    id: FormId = None,
    title: FormText = "",
    author: FormText = "",
    isbn: FormText = "",
) -> Response:
    """Register the book of the form, idempotent by the form's id; show errors at their fields."""
    form = {"id": str(id or uuid7()), "title": title, "author": author, "isbn": isbn}
    known = None
    try:
        by = caller.account.reviewer_id if caller.account else None
        fields = {**form, "isbn": isbn.strip() or None, "registered_by": by}
        command = RegisterBook.model_validate(fields)
        book: Book = await application.handle(command)
    except IdentifierTaken:
        form["id"] = str(uuid7())
        errors = [FieldError(field="id", detail=gettext(SENT_BEFORE))]
    except (ValidationError, Refusal) as exc:
        errors = errors_of(exc)
        known = await known_book(application, exc) if isinstance(exc, Refusal) else None
    else:
        return RedirectResponse(f"/books/{book.id}?said=added", status_code=303)
    return form_page(request, "new_book.html", form, errors, known=known)
