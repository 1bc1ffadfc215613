"""HTML pages: the home page, and its form for a new book."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from lastuuid import uuid7
from pydantic import ValidationError

from reading_club.app.web.deps import FormOnly, TheApplication
from reading_club.app.web.problems import FieldError, field_errors, refusal_errors
from reading_club.app.web.templates import templates
from reading_club.domain.errors import IdentifierTaken, Refusal
from reading_club.domain.messages import RegisterBook
from reading_club.domain.text import SearchWords

router = APIRouter(include_in_schema=False)
BOOKS = 25
ENTRIES = 15

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
    context = {
        **await _shelf(application, query, before),
        "form": {"id": str(uuid7()), **(form or {})},
        "errors": {error.field: error.detail for error in errors or []},
    }
    return templates.TemplateResponse(
        request, "home.html", context, status_code=422 if errors else 200
    )


async def _shelf(application: TheApplication, query: str, before: UUID | None) -> dict[str, Any]:
    """Return a page of books with their ratings, and the newest entries of the activity log."""
    async with application.unit_of_work() as transaction:
        books = await transaction.uow.books.page(query=query, before=before, limit=BOOKS + 1)
        entries = await transaction.uow.activity.page(limit=ENTRIES)
        ratings = await transaction.uow.catalogue.entries([book.id for book in books])
        await transaction.rollback()
    more = books[BOOKS - 1].id if len(books) > BOOKS else None
    shown = {"books": books[:BOOKS], "more": more, "query": query}
    return {**shown, "entries": entries, "ratings": ratings}


@router.get("/", response_class=HTMLResponse)
async def home(
    request: Request, application: TheApplication, q: SearchWords = "", cursor: UUID | None = None
) -> HTMLResponse:
    """Show the books, the form for a new book, and the activity."""
    return await _home(request, application, query=q, before=cursor)


@router.post("/books", dependencies=[FormOnly])
async def add_book(  # the fields of the form, and its id
    request: Request,
    application: TheApplication,
    id: FormId = None,
    title: Field = "",
    author: Field = "",
    isbn: Field = "",
) -> Response:
    """Register the book of the form, idempotent by the form's id; show errors at their fields."""
    _refuse_foreign_forms(request)
    form = {"title": title, "author": author, "isbn": isbn}
    if id is not None:
        form["id"] = str(id)
    try:
        await application.handle(RegisterBook.model_validate(form))
    except ValidationError as exc:
        return await _home(request, application, form=form, errors=field_errors(exc.errors()))
    except IdentifierTaken:
        form.pop("id", None)
        return await _home(request, application, form=form, errors=[SENT_BEFORE])
    except Refusal as exc:
        return await _home(request, application, form=form, errors=refusal_errors(exc))
    return RedirectResponse("/", status_code=303)


def _refuse_foreign_forms(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise HTTPException(403, "the form was sent from another site")
