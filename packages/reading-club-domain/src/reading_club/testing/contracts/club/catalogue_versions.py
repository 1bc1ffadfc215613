"""What every catalogue promises about corrected and withdrawn books."""

from itertools import permutations

import pytest
from lastuuid import uuid7

from reading_club.testing.contracts.club.catalogue_helpers import (
    CatalogueFixtures,
    a_rating,
    an_entry,
)


class CatalogueVersionsContract(CatalogueFixtures):
    """The highest version of a book is shown, in whichever order they come."""

    @pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
    async def test_the_highest_version_of_a_book_is_shown(self, *, together: bool) -> None:
        """A correction may come before the registration, and a withdrawal before both."""
        book = an_entry()
        changes = [book.model_copy(update={"version": n, "title": str(n)}) for n in (1, 2, 3)]
        gone = changes[2].model_copy(update={"withdrawn": True})
        for order in permutations([*changes[:2], gone]):
            for shown, last in ((changes[1], 2), (None, 3)):
                id_ = uuid7()
                here = [c.model_copy(update={"book_id": id_}) for c in order if c.version <= last]
                for batch in [here] if together else [[change] for change in here]:
                    await self.write(*batch)

                found = await self.read(id_)
                assert list(found.values()) == (
                    [] if shown is None else [shown.model_copy(update={"book_id": id_})]
                )

    async def test_a_rating_of_a_withdrawn_book_shows_nothing(self) -> None:
        """It may come later than the withdrawal."""
        book = an_entry()
        gone = book.model_copy(update={"version": 2, "withdrawn": True})

        await self.write(gone, book, a_rating(book.book_id, 7))

        assert await self.read(book.book_id) == {}
