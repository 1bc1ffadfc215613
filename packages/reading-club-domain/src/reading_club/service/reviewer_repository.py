"""The port of the repository of the reviewers; ``repositories`` has it with all others."""

from abc import abstractmethod
from uuid import UUID

from reading_club.domain.model import Reviewer
from reading_club.service.repository_base import Repository


class AbstractReviewerRepository(Repository[Reviewer]):
    """The members. ``add`` raises NicknameTaken, regardless of case; ``get`` ReviewerNotFound."""

    @abstractmethod
    async def require(self, identifier: UUID) -> None:
        """Raise ReviewerNotFound unless the reviewer is stored and not erased.

        An erasure of the reviewer waits for the end of this transaction, or is refused.
        """

    @abstractmethod
    async def update_erased(self, reviewer: Reviewer) -> None:
        """Store an erased reviewer, before its reviews are read.

        From then on no other transaction stores a review of the reviewer. Raises WriteConflict if
        the stored reviewer is erased already.
        """
