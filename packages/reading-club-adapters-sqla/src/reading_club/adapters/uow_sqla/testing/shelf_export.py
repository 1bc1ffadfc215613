"""The export of the shelf on SQL, and the statements that it costs."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.testing.fixtures import statements
from reading_club.service.book_files.shelf_export import shelf_pages
from reading_club.testing.contracts import club
from reading_club.testing.contracts.club.shelf_export import a_shelf, reading_on


class TestShelfExport(club.ShelfExportContract):
    """The export of the shelf on SQL."""

    @pytest.mark.parametrize(("together", "pages"), [(2, 3), (5, 1)])
    async def test_a_page_costs_three_statements(
        self, engine: AsyncEngine, uow_factory: club.UnitOfWorkFactory, together: int, pages: int
    ) -> None:
        """For books, reviews, and shelves and dates, whatever the number of books."""
        _, review = await a_shelf(uow_factory, 5)
        reading = reading_on(uow_factory)

        async with statements(engine) as seen:
            async for _ in shelf_pages(reading, review.reviewer_id, together=together):
                pass

        assert [word for word in seen if word == "SELECT"] == ["SELECT"] * 3 * pages
        assert not {"INSERT", "UPDATE", "DELETE"} & set(seen)
