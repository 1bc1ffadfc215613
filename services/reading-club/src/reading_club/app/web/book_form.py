"""The page with the form for a new book, and what the form is sent to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from lastuuid import uuid7
from pydantic import ValidationError

from reading_club.app.application import Application, TheApplication
from reading_club.app.web.problems import FieldError, field_errors, refusal_errors
from reading_club.app.web.templates import templates
from reading_club.domain.errors import BookAlreadyRegistered, IdentifierTaken, Refusal
from reading_club.domain.messages import RegisterBook
from reading_club.domain.model import Book

router = APIRouter(include_in_schema=False)
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
ORDER = ("id", "title", "author", "isbn")
"""The fields of the form, from top to bottom."""

Field = Annotated[str, Form()]
FormId = Annotated[UUID | None, Form()]

SENT_BEFORE = FieldError(
    field="id",
    detail="This form was sent before, with another book. Send it again to add this one as well.",
)


def _spoken(error: FieldError) -> str:
    """Return the error of a field as a sentence."""
    detail = error.detail
    if detail.startswith("must "):
        detail = f"the {'ISBN' if error.field == 'isbn' else error.field} {detail}"
    elif detail.startswith("not an "):
        detail = f"that is {detail}"
    return detail[:1].upper() + detail[1:].rstrip(".") + "."


def _page(
    request: Request,
    form: dict[str, str] | None = None,
    errors: list[FieldError] | None = None,
    known: Book | None = None,
) -> HTMLResponse:
    """Return the form with what was typed; ``known`` is the book that has its ISBN already."""
    spoken = {error.field: _spoken(error) for error in errors or []}
    context = {
        "form": {"id": str(uuid7()), **(form or {})},
        "errors": dict(sorted(spoken.items(), key=lambda said: ORDER.index(said[0]))),
        "known": known,
    }
    return templates.TemplateResponse(
        request, "new_book.html", context, status_code=422 if errors else 200
    )


@router.get("/books/new")
async def new_book(request: Request) -> HTMLResponse:
    """Show the form for a new book."""
    return _page(request)


async def require_own_form(request: Request) -> None:
    """Respond with 415 to a body that is no form, and with 403 to a form of another site."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in FORMS:
        raise HTTPException(415, f"the body has to be {' or '.join(FORMS)}")
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise HTTPException(403, "the form was sent from another site")


async def _known_book(application: Application, refusal: Refusal) -> Book | None:
    """Return the book that a new one was refused for, or None."""
    if not isinstance(refusal, BookAlreadyRegistered):
        return None
    async with application.unit_of_work() as transaction:
        book = await transaction.uow.books.find_by_isbn(refusal.isbn)
        await transaction.rollback()
    return book


@router.post("/books", dependencies=[Depends(require_own_form)])
async def add_book(  # the fields of the form, and its id
    request: Request,
    application: TheApplication,
    id: FormId = None,
    title: Field = "",
    author: Field = "",
    isbn: Field = "",
) -> Response:
    """Register the book of the form, idempotent by the form's id; show errors at their fields."""
    form = {"title": title, "author": author, "isbn": isbn}
    if id is not None:
        form["id"] = str(id)
    known = None
    try:
        book: Book = await application.handle(RegisterBook.model_validate(form))
    except ValidationError as exc:
        errors = field_errors(exc.errors())
    except IdentifierTaken:
        form.pop("id", None)
        errors = [SENT_BEFORE]
    except Refusal as exc:
        errors = refusal_errors(exc)
        known = await _known_book(application, exc)
    else:
        return RedirectResponse(f"/books/{book.id}?said=added", status_code=303)
    return _page(request, form, errors, known)
