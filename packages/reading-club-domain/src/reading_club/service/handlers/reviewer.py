"""Handlers of the commands on reviewers."""

from messagebus import async_listen

from reading_club.domain.messages import CreateReviewer, EraseReviewer
from reading_club.domain.model import Reviewer
from reading_club.service.erasure import redactions
from reading_club.service.uow import AbstractUnitOfWork


@async_listen
async def create_reviewer(command: CreateReviewer, uow: AbstractUnitOfWork) -> Reviewer:
    """Create a reviewer. Raises NicknameTaken or IdentifierTaken."""
    reviewer = Reviewer.create(command.id, command.nickname)
    stored = await uow.reviewers.add_idempotent(reviewer)
    if stored is not reviewer:
        await uow.reviewers.require(stored.id)  # the command is stored, with its nickname
    return stored


@async_listen
async def erase_reviewer(command: EraseReviewer, uow: AbstractUnitOfWork) -> Reviewer:
    """Erase a reviewer, the reviews and the history; once more it only redacts the history.

    Raises ReviewerNotFound, or WriteConflict after a concurrent change.
    """
    reviewer = await uow.reviewers.get(command.id)
    reviewer.erase()
    if reviewer.messages:
        await uow.reviewers.update_erased(reviewer)
    await uow.reviews.withdraw_all(reviewer.id, reviewer_id=reviewer.id)
    await uow.history.redact(redactions(reviewer.id, await uow.reviews.ids_of(reviewer.id)))
    return reviewer
