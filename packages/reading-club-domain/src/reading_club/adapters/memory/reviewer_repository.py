"""The repository of the reviewers, in memory."""

from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.repositories import InMemoryRepository, detached_copy
from reading_club.domain.errors import NicknameTaken, ReviewerNotFound
from reading_club.domain.model import Reviewer
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.reviewer_repository import AbstractReviewerRepository


class InMemoryReviewerRepository(InMemoryRepository[Reviewer], AbstractReviewerRepository):
    """The members, in memory."""

    table = "reviewers"
    not_found = ReviewerNotFound

    def _refuse(self, aggregate: Reviewer, tables: InMemoryDatabase) -> None:
        known = {reviewer.nickname_key for reviewer in tables.reviewers.values()}
        if aggregate.nickname_key in known:
            raise NicknameTaken(aggregate.nickname)

    async def require(self, identifier: UUID) -> None:
        """Check now, and once more at the commit."""
        self.transaction.write(lambda tables: require_reviewer(tables, identifier))

    async def update_erased(self, reviewer: Reviewer) -> None:
        """Store a copy."""
        erased = detached_copy(reviewer)

        def update(tables: InMemoryDatabase) -> None:
            if tables.reviewers[erased.id].erased:
                raise WriteConflict(f"reviewer {erased.id} was erased by another transaction")
            tables.reviewers[erased.id] = erased

        self.transaction.write(update)


def require_reviewer(tables: InMemoryDatabase, identifier: UUID) -> None:
    """Raise ReviewerNotFound unless the reviewer is stored and not erased."""
    reviewer = tables.reviewers.get(identifier)
    if reviewer is None or reviewer.erased:
        raise ReviewerNotFound(identifier)
