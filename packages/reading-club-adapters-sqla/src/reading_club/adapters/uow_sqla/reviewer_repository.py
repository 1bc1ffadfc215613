"""The repository of the reviewers on SQL."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.repositories import SQLRepository
from reading_club.domain.errors import NicknameTaken, Refusal, ReviewerNotFound
from reading_club.domain.model import Reviewer
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.reviewer_repository import AbstractReviewerRepository


class SQLReviewerRepository(SQLRepository[Reviewer], AbstractReviewerRepository):
    """The reviewers, in the table ``reviewers``."""

    table = orm.reviewers
    model = Reviewer
    not_found = ReviewerNotFound

    def _row(self, aggregate: Reviewer) -> Mapping[str, Any]:
        return {**aggregate.model_dump(), "nickname_key": aggregate.nickname_key}

    async def _refusal(self, aggregate: Reviewer) -> Refusal | None:
        same = orm.reviewers.c.nickname_key == aggregate.nickname_key
        known = await self._scalar(exists().where(same))
        return NicknameTaken(aggregate.nickname) if known else None

    async def require(self, identifier: UUID) -> None:
        """Lock the row against changes. Raises ReviewerNotFound."""
        if (await self.session.write(locked_reviewer(identifier))).one_or_none() is None:
            raise ReviewerNotFound(identifier)

    async def update_erased(self, reviewer: Reviewer) -> None:
        """Update the row, which waits for those who have locked it."""
        same = (orm.reviewers.c.id == reviewer.id) & ~orm.reviewers.c.erased
        statement = update(orm.reviewers).where(same).values(self._row(reviewer))
        if (await self.session.write(statement)).rowcount != 1:
            raise WriteConflict(f"reviewer {reviewer.id} was erased by another transaction")


def locked_reviewer(identifier: UUID) -> Select[tuple[UUID]]:
    """Return the SELECT of a reviewer that is not erased, and cannot be until the end."""
    same = (orm.reviewers.c.id == identifier) & ~orm.reviewers.c.erased
    return select(orm.reviewers.c.id).where(same).with_for_update(read=True)
