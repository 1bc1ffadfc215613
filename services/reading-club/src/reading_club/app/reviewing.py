"""How members write, revise and withdraw reviews: for the API and for the pages."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from reading_club.app.application import Application
from reading_club.domain.errors import NotReviewed, ReviewNotFound
from reading_club.domain.messages import CreateReview, ReviseReview, WithdrawReview
from reading_club.domain.text import Comment, Rating
from reading_club.service.accounts.accounts import Account
from reading_club.service.repositories import ListedReview


class NewReview(BaseModel):
    """The rating, a whole number from 0 to 10, and the comment, plain text, of a review."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rating: Rating
    comment: Comment = ""


async def own_review(application: Application, account: Account, book_id: UUID) -> ListedReview:
    """Return the member's review of the book. Raises BookNotFound or NotReviewed."""
    async with application.reading() as uow:
        await uow.books.get(book_id)
        found = await uow.reviews.page(book_id=book_id, reviewer_id=account.reviewer_id, limit=1)
    if not found:
        raise NotReviewed(book_id)
    return found[0]


async def write_review(
    application: Application, account: Account, book_id: UUID, new: NewReview
) -> None:
    """Write the member's review of the book, also again after withdrawing it.

    Raises BookNotFound or AlreadyReviewed.
    """
    reviewer_id = account.reviewer_id
    await application.handle(
        CreateReview(
            book_id=book_id, reviewer_id=reviewer_id, rating=new.rating, comment=new.comment
        )
    )


async def revise_review(
    application: Application,
    account: Account,
    book_id: UUID,
    new: NewReview,
    expected_version: int | None,
) -> None:
    """Replace the member's review of the book; ``expected_version`` is None to replace any.

    Raises BookNotFound, NotReviewed or VersionMismatch.
    """
    known = await own_review(application, account, book_id)
    await application.handle(
        ReviseReview(
            id=known.id,
            rating=new.rating,
            comment=new.comment,
            expected_version=expected_version,
        )
    )


async def withdraw_own_review(
    application: Application, account: Account, book_id: UUID, expected_version: int | None = None
) -> None:
    """Withdraw the member's review of the book. Raises as ``revise_review`` does."""
    known = await own_review(application, account, book_id)
    await application.handle(
        WithdrawReview(
            id=known.id, withdrawn_by=account.reviewer_id, expected_version=expected_version
        )
    )


async def withdraw_as_organiser(
    application: Application, organiser: Account, book_id: UUID, review_id: UUID
) -> None:
    """Withdraw anybody's review of the book; the event names the organiser.

    Raises BookNotFound, or ReviewNotFound if the book has no such review or it is withdrawn.
    """
    async with application.reading() as uow:
        await uow.books.get(book_id)
        review = await uow.reviews.get(review_id)
    if review.book_id != book_id or review.withdrawn:
        raise ReviewNotFound(review_id)
    await application.handle(WithdrawReview(id=review_id, withdrawn_by=organiser.reviewer_id))
