"""``/api/books/{id}/review``: the member's own review; organisers withdraw those of others."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from reading_club.app import reviewing
from reading_club.app.application import TheApplication
from reading_club.app.reviewing import NewReview
from reading_club.app.web.books.books import require_json
from reading_club.app.web.books.reviews import ReviewOut
from reading_club.app.web.etags import (
    ETAG,
    IF_MATCH,
    PreconditionFailed,
    PreconditionRequired,
    etag,
    expected_version,
    has_if_match,
)
from reading_club.app.web.identity import Member, Organiser
from reading_club.app.web.problems import BODY, responses
from reading_club.domain.errors import AlreadyReviewed, NotReviewed
from reading_club.service.repositories import ListedReview

router = APIRouter(prefix="/api/books/{id}", tags=["reviews"], responses=responses(422, 503))

STORED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The review was revised", "headers": ETAG},
    201: {"description": "The review was written", "headers": ETAG, "model": ReviewOut},
}


@router.get(
    "/review",
    responses={200: {"headers": ETAG}, **responses(401, 404)},
)
async def get_my_review(
    id: UUID, account: Member, application: TheApplication, response: Response
) -> ReviewOut:
    """Get my review of a book; 404 if there is none, or I have withdrawn it."""
    return _answer(response, await reviewing.own_review(application, account, id))


def _answer(response: Response, own: ListedReview) -> ReviewOut:
    response.headers["ETag"] = etag(own.review.version)
    return ReviewOut.of(own)


@router.put(
    "/review",
    dependencies=[Depends(require_json)],
    openapi_extra=IF_MATCH,
    responses={**STORED, **responses(401, 404, 412, 428, *BODY)},
)
async def put_my_review(
    id: UUID,
    new: NewReview,
    account: Member,
    application: TheApplication,
    request: Request,
    response: Response,
) -> ReviewOut:
    """Write my review of a book, or revise it.

    Without If-Match a review is written, also again after withdrawing it: 201. If there is one
    already, even with the same content, nothing is changed: 428. With the ETag of the current
    version in If-Match, the review is replaced: 200. With another one, or without a review to
    replace, nothing is changed: 412.
    """
    if has_if_match(request):
        try:
            await reviewing.revise_review(application, account, id, new, expected_version(request))
        except NotReviewed as exc:
            raise PreconditionFailed from exc
    else:
        try:
            await reviewing.write_review(application, account, id, new)
        except AlreadyReviewed as exc:
            raise PreconditionRequired from exc
        response.status_code = 201
    return _answer(response, await reviewing.own_review(application, account, id))


@router.delete(
    "/review",
    status_code=204,
    openapi_extra=IF_MATCH,
    responses=responses(401, 403, 404, 412),
)
async def withdraw_my_review(
    id: UUID, account: Member, application: TheApplication, request: Request
) -> None:
    """Withdraw my review of a book: its rating does not count any more, and its comment is gone.

    If-Match is optional; 412 if it does not name the current version. 404 if there is no review,
    or it is withdrawn already.
    """
    expected = expected_version(request) if has_if_match(request) else None
    await reviewing.withdraw_own_review(application, account, id, expected)


@router.delete(
    "/reviews/{review_id}",
    status_code=204,
    responses=responses(401, 403, 404),
)
async def withdraw_review(
    id: UUID, review_id: UUID, organiser: Organiser, application: TheApplication
) -> None:
    """Withdraw a review as an organiser: its event says who did it."""
    await reviewing.withdraw_as_organiser(application, organiser, id, review_id)
