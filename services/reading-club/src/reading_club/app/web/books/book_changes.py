"""``PATCH /api/books/{id}``: correct a book."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from reading_club.app import correcting
from reading_club.app.application import TheApplication
from reading_club.app.correcting import BookChanges
from reading_club.app.web.books.books import BookOut, require_json
from reading_club.app.web.etags import ETAG, IF_MATCH, etag, expected_version
from reading_club.app.web.identity import Member
from reading_club.app.web.problems import BODY, responses

router = APIRouter(prefix="/api/books/{id}", tags=["books"], responses=responses(422, 503))


@router.patch(
    "",
    dependencies=[Depends(require_json)],
    openapi_extra=IF_MATCH,
    responses={200: {"headers": ETAG}, **responses(401, 404, 409, 412, 428, *BODY)},
)
async def correct_book(
    id: UUID,
    changes: BookChanges,
    account: Member,
    application: TheApplication,
    request: Request,
    response: Response,
) -> BookOut:
    """Correct title, author or ISBN, as the member who added the book, or as an organiser.

    If-Match names the version that was read: 428 without it, and 412 for another version.
    """
    book = await correcting.book_to_correct(application, account, id)
    version = expected_version(request)
    try:
        corrected = await correcting.correct_book(application, account, book, changes, version)
    except ValidationError as exc:
        raise RequestValidationError(exc.errors()) from exc
    async with application.reading() as uow:
        entries = await uow.catalogue.entries([id])
    response.headers["ETag"] = etag(corrected.version)
    return BookOut.of(corrected, entries.get(id))
