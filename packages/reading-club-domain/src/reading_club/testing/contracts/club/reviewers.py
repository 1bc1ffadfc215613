"""What every reviewer repository promises."""

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import IdentifierTaken, NicknameTaken, ReviewerNotFound
from reading_club.testing.builders import a_reviewer
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory


class ReviewerRepositoryContract:
    """Nicknames of reviewers are unique."""

    async def test_a_reviewer_is_stored(self, uow_factory: UnitOfWorkFactory) -> None:
        """A new reviewer can be loaded by id."""
        reviewer = a_reviewer(nickname="Ada")
        async with uow_factory() as transaction:
            await transaction.uow.reviewers.add(reviewer)
            await transaction.commit()

        async with uow_factory() as transaction:
            assert await transaction.uow.reviewers.get(reviewer.id) == reviewer
            await transaction.rollback()

    async def test_a_nickname_is_unique_whatever_its_case(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """ÉMILE cannot join where Émile is a member."""
        async with uow_factory() as transaction:
            await transaction.uow.reviewers.add(a_reviewer(nickname="Émile"))
            for twin in ("ÉMILE", "É\u200bmile"):
                with pytest.raises(NicknameTaken):
                    await transaction.uow.reviewers.add(a_reviewer(nickname=twin))
            await transaction.rollback()

    async def test_an_id_is_unique(self, uow_factory: UnitOfWorkFactory) -> None:
        """A second reviewer with a known id is refused."""
        known = a_reviewer()
        async with uow_factory() as transaction:
            await transaction.uow.reviewers.add(known)
            with pytest.raises(IdentifierTaken):
                await transaction.uow.reviewers.add(a_reviewer(id=known.id))
            await transaction.rollback()

    async def test_an_unknown_reviewer_is_an_error(self, uow_factory: UnitOfWorkFactory) -> None:
        """Getting an unknown reviewer raises, finding gives None."""
        async with uow_factory() as transaction:
            with pytest.raises(ReviewerNotFound):
                await transaction.uow.reviewers.get(uuid7())
            assert await transaction.uow.reviewers.find(uuid7()) is None
            await transaction.rollback()
