"""Reviewers."""

from messagebus import async_listen

from reading_club.domain.messages import CreateReviewer
from reading_club.domain.model import Reviewer
from reading_club.service.uow import Transaction


@async_listen
async def create_reviewer(command: CreateReviewer, transaction: Transaction) -> Reviewer:
    """Let somebody join the club. Raises NicknameTaken or IdentifierTaken."""
    reviewer = Reviewer.create(command.id, command.nickname)
    return await transaction.uow.reviewers.add_once(reviewer)
