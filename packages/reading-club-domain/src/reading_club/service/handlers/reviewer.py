"""Handlers of the commands on reviewers."""

from messagebus import async_listen

from reading_club.domain.messages import CreateReviewer
from reading_club.domain.model import Reviewer
from reading_club.service.uow import AbstractUnitOfWork


@async_listen
async def create_reviewer(command: CreateReviewer, uow: AbstractUnitOfWork) -> Reviewer:
    """Create a reviewer. Raises NicknameTaken or IdentifierTaken."""
    reviewer = Reviewer.create(command.id, command.nickname)
    return await uow.reviewers.add_idempotent(reviewer)
