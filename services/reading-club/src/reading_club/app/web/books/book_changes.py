"""``PATCH`` and ``DELETE /api/books/{id}``: correct a book, or withdraw it."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from reading_club.app import correcting
from reading_club.app.application import TheApplication
from reading_club.app.correcting import BookChanges
from reading_club.app.web.books.books import BookOut, require_json
from reading_club.app.web.etags import ETAG, IF_MATCH, etag, expected_version, has_if_match
from reading_club.app.web.identity import Member, Organiser
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


@router.delete("", status_code=204, openapi_extra=IF_MATCH, responses=responses(401, 403, 404, 412))
async def withdraw_book(
    id: UUID, organiser: Organiser, application: TheApplication, request: Request
) -> None:
    """Withdraw a book as an organiser, with its reviews; its ISBN is free again.

    If-Match is optional; 412 if it does not name the current version. The event says who did it.
    """
    expected = expected_version(request) if has_if_match(request) else None
    await correcting.withdraw_book(application, organiser, id, expected)
