"""Handlers of the commands on reviews."""

from messagebus import async_listen

from reading_club.domain.messages import CreateReview, ReviseReview, WithdrawReview
from reading_club.domain.model import Review
from reading_club.service.uow import AbstractUnitOfWork


@async_listen
async def create_review(command: CreateReview, uow: AbstractUnitOfWork) -> Review:
    """Create a review of a book. A withdrawn one is written again, and keeps its id.

    Raises BookNotFound, ReviewerNotFound, AlreadyReviewed or IdentifierTaken.
    """
    review = Review.create(
        command.id, command.book_id, command.reviewer_id, command.rating, command.comment
    )
    return await uow.reviews.add_idempotent(review)


@async_listen
async def revise_review(command: ReviseReview, uow: AbstractUnitOfWork) -> Review:
    """Revise a review.

    Raises ReviewNotFound, ReviewerNotFound and VersionMismatch, or WriteConflict after a
    concurrent change.
    """
    review = await uow.reviews.get_for_update(command.id)
    review.require_version(command.expected_version)
    review.revise(command.rating, command.comment)
    if review.messages:
        await uow.reviews.update(review)
    else:
        await uow.reviewers.require(review.reviewer_id)  # the command is stored, with its comment
    return review


@async_listen
async def withdraw_review(command: WithdrawReview, uow: AbstractUnitOfWork) -> Review:
    """Withdraw a review. Raises as ``revise_review`` does."""
    review = await uow.reviews.get_for_update(command.id)
    review.require_version(command.expected_version)
    review.withdraw(command.withdrawn_by)
    if review.messages:
        await uow.reviews.update(review)
    return review
