"""HTML pages: the home page, and its form for a new book."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from lastuuid import uuid7
from pydantic import ValidationError

from reading_club.app.application import TheApplication
from reading_club.app.web.paging import page_of
from reading_club.app.web.problems import FieldError, field_errors, refusal_errors
from reading_club.app.web.templates import templates
from reading_club.domain.errors import IdentifierTaken, Refusal
from reading_club.domain.messages import RegisterBook
from reading_club.domain.text import SearchWords

router = APIRouter(include_in_schema=False)
BOOKS = 25
ENTRIES = 15
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

Field = Annotated[str, Form()]
FormId = Annotated[UUID | None, Form()]

SENT_BEFORE = FieldError(
    field="id",
    detail="This form was sent before, with another book. Send it again to add this one as well.",
)


async def _home(  # four of the arguments are keywords
    request: Request,
    application: TheApplication,
    *,
    query: str = "",
    before: UUID | None = None,
    form: dict[str, str] | None = None,
    errors: list[FieldError] | None = None,
) -> HTMLResponse:
    async with application.unit_of_work() as transaction:
        books = await transaction.uow.books.page(query=query, before=before, limit=BOOKS + 1)
        entries = await transaction.uow.activity.page(limit=ENTRIES)
        ratings = await transaction.uow.catalogue.entries([book.id for book in books])
        await transaction.rollback()
    shown, more = page_of(books, BOOKS)
    context = {
        "books": shown,
        "more": more,
        "query": query,
        "entries": entries,
        "ratings": ratings,
        "form": {"id": str(uuid7()), **(form or {})},
        "errors": {error.field: error.detail for error in errors or []},
    }
    return templates.TemplateResponse(
        request, "home.html", context, status_code=422 if errors else 200
    )


@router.get("/", response_class=HTMLResponse)
async def home(
    request: Request, application: TheApplication, q: SearchWords = "", cursor: UUID | None = None
) -> HTMLResponse:
    """Show the books, the form for a new book, and the activity."""
    return await _home(request, application, query=q, before=cursor)


async def require_own_form(request: Request) -> None:
    """Respond with 415 to a body that is no form, and with 403 to a form of another site."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in FORMS:
        raise HTTPException(415, f"the body has to be {' or '.join(FORMS)}")
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise HTTPException(403, "the form was sent from another site")


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
    try:
        await application.handle(RegisterBook.model_validate(form))
    except ValidationError as exc:
        errors = field_errors(exc.errors())
    except IdentifierTaken:
        form.pop("id", None)
        errors = [SENT_BEFORE]
    except Refusal as exc:
        errors = refusal_errors(exc)
    else:
        return RedirectResponse("/", status_code=303)
    return await _home(request, application, form=form, errors=errors)
