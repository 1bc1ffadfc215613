"""What the forms on a book's page are sent to: write, revise and withdraw a review."""

from contextlib import suppress
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from reading_club.app import reviewing
from reading_club.app.application import Application, TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.reviewing import NewReview
from reading_club.app.web.books.book_page import Unsent, unsent_form, unsent_page
from reading_club.app.web.html_forms import FormText, errors_of, require_form
from reading_club.app.web.identity import Member, Organiser, TheCaller, club_of_page
from reading_club.app.web.languages import N_, gettext
from reading_club.domain.errors import AlreadyReviewed, NotReviewed, ReviewNotFound, VersionMismatch
from reading_club.service.accounts.accounts import Account

router = APIRouter(
    prefix="/books/{id:uuid}",
    include_in_schema=False,
    dependencies=[Depends(club_of_page), Depends(require_form)],
)

MOST_DIGITS: Final = 9
NO_RATING: Final = N_("choose a rating from 0 to 10")
CHANGED: Final = (AlreadyReviewed, NotReviewed, VersionMismatch)
"""The refusals of a form whose review has another version by now, or is withdrawn or written."""


def _number(text: str) -> int | None:
    """Return the number of a hidden field or a radio button; None if there is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None


@router.post("/review")
async def send_review(  # the fields of the form, and who sends it
    request: Request,
    application: TheApplication,
    caller: TheCaller,
    id: UUID,
    rating: FormText = "",
    comment: FormText = "",
    version: FormText = "",
) -> Response:
    """Write the review of the form, or revise the version that the form was made for.

    What is not stored is shown again with what was typed, also after the end of the session.
    """
    form, account = {"rating": rating, "comment": comment, "version": version}, caller.account
    if account is None and not application.club.open_to_read:  # club_of_page read it
        return unsent_form(request, id, Unsent(form, 401))
    if account is None:
        return await unsent_page(request, application, None, id, Unsent(form, 401))
    try:
        new = NewReview.model_validate({"rating": _number(rating), "comment": comment})
    except ValidationError as exc:
        no_rating = FieldError(field="rating", detail=gettext(NO_RATING))
        errors = [no_rating if each.field == "rating" else each for each in errors_of(exc)]
        return await unsent_page(request, application, account, id, Unsent(form, 422, errors))
    said = await _store(application, account, id, new, _number(version))
    if said is None:
        unsent = Unsent(form, 409, is_conflict=True)
        return await unsent_page(request, application, account, id, unsent)
    return RedirectResponse(f"/books/{id}?said={said}", status_code=303)


async def _store(
    application: Application, account: Account, id: UUID, new: NewReview, version: int | None
) -> str | None:
    """Store the review and return what the page says then; None if there was another change.

    A form that is sent twice is stored once: its content is there already.
    """
    said = "reviewed" if version is None else "revised"
    try:
        if version is None:
            await reviewing.write_review(application, account, id, new)
        else:
            await reviewing.revise_review(application, account, id, new, version)
    except CHANGED:
        try:
            stored = (await reviewing.own_review(application, account, id)).review
        except NotReviewed:
            return None
        return said if (stored.rating, stored.comment) == (new.rating, new.comment) else None
    return said


@router.post("/review/withdraw")
async def withdraw(id: UUID, application: TheApplication, account: Member) -> Response:
    """Withdraw the reader's own review; one that is withdrawn already stays so."""
    with suppress(NotReviewed):  # the form was sent twice
        await reviewing.withdraw_own_review(application, account, id)
    return RedirectResponse(f"/books/{id}?said=withdrawn", status_code=303)


@router.post("/reviews/{review_id:uuid}/withdraw")
async def withdraw_as_organiser(
    id: UUID, review_id: UUID, application: TheApplication, organiser: Organiser
) -> Response:
    """Withdraw anybody's review as an organiser; one that is withdrawn already stays so."""
    with suppress(ReviewNotFound):  # the form was sent twice
        await reviewing.withdraw_as_organiser(application, organiser, id, review_id)
    return RedirectResponse(f"/books/{id}?said=withdrawn-by-organiser", status_code=303)
