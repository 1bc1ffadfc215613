"""The in-memory database of the club: its tables beside the event stream's."""

from collections.abc import Callable, MutableMapping
from datetime import datetime
from uuid import UUID

from reading_club.adapters.memory.database import InMemoryStreamDatabase, utc_now
from reading_club.domain.model import Book, Review, Reviewer
from reading_club.service.activity import ActivityEntry
from reading_club.service.catalogue import BookRating, CatalogueEntry


class InMemoryDatabase(InMemoryStreamDatabase):
    """The committed tables of the club and of its event stream."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        super().__init__(clock)
        self.books: MutableMapping[UUID, Book] = {}
        self.reviewers: MutableMapping[UUID, Reviewer] = {}
        self.reviews: MutableMapping[UUID, Review] = {}
        self.registered: MutableMapping[UUID, datetime] = {}
        self.activity: MutableMapping[UUID, ActivityEntry] = {}
        self.catalogue: MutableMapping[UUID, CatalogueEntry] = {}
        self.ratings: MutableMapping[UUID, BookRating] = {}
