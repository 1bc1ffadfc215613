"""Handlers of the commands on reviews."""

from messagebus import async_listen

from reading_club.domain.messages import CreateReview, ReviseReview
from reading_club.domain.model import Review
from reading_club.service.uow import AbstractUnitOfWork


@async_listen
async def create_review(command: CreateReview, uow: AbstractUnitOfWork) -> Review:
    """Create a review of a book.

    Raises BookNotFound, ReviewerNotFound, AlreadyReviewed or IdentifierTaken.
    """
    review = Review.create(
        command.id, command.book_id, command.reviewer_id, command.rating, command.comment
    )
    return await uow.reviews.add_idempotent(review)


@async_listen
async def revise_review(command: ReviseReview, uow: AbstractUnitOfWork) -> Review:
    """Revise a review. Raises ReviewNotFound, or WriteConflict after a concurrent change."""
    review = await uow.reviews.get(command.id)
    before = review.version
    review.revise(command.rating, command.comment)
    if review.version != before:
        await uow.reviews.update(review)
    return review
