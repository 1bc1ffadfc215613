"""The catalogue, in memory."""

from collections import Counter
from collections.abc import Collection, Mapping, MutableMapping
from uuid import UUID

from reading_club.adapters.memory.read_model import InMemoryReadModel
from reading_club.service.catalogue import BookRating, CatalogueEntry, rank_of


class InMemoryCatalogue(InMemoryReadModel):
    """The catalogue, in memory."""

    name = "catalogue"
    tables = ("catalogue", "ratings")

    async def put(self, entry: CatalogueEntry) -> None:
        """Store a book, unless this or a higher version of it is stored already."""

        def upsert(books: MutableMapping[UUID, CatalogueEntry]) -> None:
            known = books.get(entry.book_id)
            if known is None or known.version < entry.version:
                books[entry.book_id] = entry

        self.write("catalogue", upsert)

    async def rate(self, rating: BookRating) -> None:
        """Store a rating, unless this or a higher version of the review is stored already."""

        def upsert(ratings: MutableMapping[UUID, BookRating]) -> None:
            known = ratings.get(rating.review_id)
            if known is None or known.version < rating.version:
                ratings[rating.review_id] = rating

        self.write("ratings", upsert)

    async def entries(self, book_ids: Collection[UUID]) -> Mapping[UUID, CatalogueEntry]:
        """Return the entries of these books, with their ratings."""
        books = self.live("catalogue")
        found = [books[book_id] for book_id in set(book_ids) if book_id in books]
        return {each.book_id: self._rated(each) for each in found if not each.withdrawn}

    async def rated_version(self, review_id: UUID) -> int | None:
        """Return the version of the stored rating, or None."""
        rating = self.live("ratings").get(review_id)
        return None if rating is None else rating.version

    def ranks(self) -> Mapping[UUID, int]:
        """Return the rank of each book that is in the catalogue or has a rating."""
        found: dict[UUID, list[int]] = {book_id: [] for book_id in self.live("catalogue")}
        for rating in self.live("ratings").values():
            ratings = found.setdefault(rating.book_id, [])
            ratings += [] if rating.rating is None else [rating.rating]
        return {book_id: rank_of(len(each), sum(each)) for book_id, each in found.items()}

    def _rated(self, entry: CatalogueEntry) -> CatalogueEntry:
        ratings = Counter(
            rating.rating
            for rating in self.live("ratings").values()
            if rating.book_id == entry.book_id
        )
        distribution = tuple(ratings[number] for number in range(11))
        return entry.model_copy(update={"distribution": distribution})
