"""``/api/books``: register, list, search and get books."""

import re
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from lastuuid import uuid7
from pydantic import BaseModel, ConfigDict, Field

from reading_club.app.application import TheApplication
from reading_club.app.web.books.book_cursor import CursorText, Order, read_cursor
from reading_club.app.web.etags import ETAG, etag
from reading_club.app.web.identity import TheCaller, require_reader, require_writer
from reading_club.app.web.paging import Limit
from reading_club.app.web.problems import BODY, responses
from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import RegisterBook
from reading_club.domain.model import Book
from reading_club.domain.text import Author, SearchWords, Title
from reading_club.service.catalogue import CatalogueEntry, Distribution

router = APIRouter(
    prefix="/api/books",
    tags=["books"],
    dependencies=[Depends(require_reader)],
    responses=responses(401, 422, 503),
)

Words = Annotated[
    SearchWords, Query(description="beginnings of words of title and author, or an ISBN")
]


class NewBook(BaseModel):
    """A book to register. The client may choose the id, best a UUIDv7, to retry safely."""

    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(default_factory=uuid7)
    title: Title
    author: Author
    isbn: Isbn | None = Field(default=None, examples=["0-321-12521-5"])


class Ratings(BaseModel):
    """The ratings of a book, counted a moment after they were given."""

    count: int = 0
    mean: float | None = Field(default=None, description="0 to 10; null without a rating")
    distribution: Distribution = Field(
        default=(0,) * 11, description="how many reviews gave 0, 1, … 10"
    )


class BookOut(BaseModel):
    """A book on the shelf. ``isbn`` is the canonical ISBN-13, without hyphens, null without one.

    Each correction adds one to ``version``.
    """

    id: UUID
    title: str
    author: str
    isbn: str | None
    version: int
    ratings: Ratings

    @classmethod
    def of(cls, book: Book, entry: CatalogueEntry | None = None) -> Self:
        """Return the representation of a book, with the ratings of its entry in the catalogue."""
        ratings = Ratings()
        if entry is not None:
            ratings = Ratings(
                count=entry.ratings, mean=entry.average, distribution=entry.distribution
            )
        return cls(
            id=book.id,
            title=book.title,
            author=book.author,
            isbn=book.isbn_digits,
            version=book.version,
            ratings=ratings,
        )


class BookPage(BaseModel):
    """A page of books. ``next_cursor`` is a UUID in the order ``newest``, else an opaque text."""

    items: list[BookOut]
    next_cursor: str | None


async def require_json(request: Request) -> None:
    """Respond with 415 to a body of another content type."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not re.fullmatch(r"application/(.*\+)?json", content_type):
        raise HTTPException(415, "the body has to be application/json")


@router.post(
    "",
    status_code=201,
    dependencies=[Depends(require_writer), Depends(require_json)],
    responses=responses(401, 409, *BODY),
)
async def register_book(
    new: NewBook, application: TheApplication, caller: TheCaller, response: Response
) -> BookOut:
    """Register a book. Repeating a request with the same id and content gives the same response."""
    command = RegisterBook(
        id=new.id,
        isbn=new.isbn,
        title=new.title,
        author=new.author,
        registered_by=caller.account.reviewer_id if caller.account else None,
    )
    book = await application.handle(command)
    response.headers["Location"] = f"{router.prefix}/{book.id}"
    return BookOut.of(book)


@router.get("")
async def list_books(
    application: TheApplication,
    q: Words = "",
    order: Order = "newest",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> BookPage:
    """List or search the books, the newest first or in another order."""
    before = read_cursor(cursor, order)
    async with application.reading() as uow:
        books = await uow.books.page(query=q, order=order, before=before, limit=limit)
        entries = await uow.catalogue.entries([book.id for book in books])
    return BookPage(
        items=[BookOut.of(book, entries.get(book.id)) for book in books],
        next_cursor=str(books.following) if books.following else None,
    )


@router.get("/{id}", responses={200: {"headers": ETAG}, **responses(404)})
async def get_book(id: UUID, application: TheApplication, response: Response) -> BookOut:
    """Get one book, with its version as the ETag."""
    async with application.reading() as uow:
        book = await uow.books.get(id)
        entries = await uow.catalogue.entries([id])
    response.headers["ETag"] = etag(book.version)
    return BookOut.of(book, entries.get(id))
