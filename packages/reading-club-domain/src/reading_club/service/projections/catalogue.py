"""The subscriber that writes books and ratings to the catalogue."""

from reading_club.domain.messages import (
    BookCorrected,
    BookRegistered,
    BookRegisteredV2,
    BookWithdrawn,
    ClubEvent,
    ReviewCreated,
    ReviewRevised,
    ReviewWithdrawn,
)
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.catalogue import BookRating, CatalogueEntry
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.service.versions import VERSIONS

catalogue = Subscriber[ClubEvent, AbstractUnitOfWork]("catalogue", versions=VERSIONS)


async def put(
    event: BookRegistered | BookRegisteredV2 | BookCorrected, uow: AbstractUnitOfWork
) -> None:
    """Store the book, if its version is higher. The first version of its event is not upcast."""
    await uow.catalogue.put(
        CatalogueEntry(
            book_id=event.id,
            title=event.title,
            author=event.author,
            isbn=event.isbn.canonical if event.isbn else "",
            version=event.version if isinstance(event, BookCorrected) else 1,
        )
    )


catalogue.on(BookRegistered)(put)
catalogue.on(BookRegisteredV2)(put)
catalogue.on(BookCorrected)(put)


@catalogue.on(BookWithdrawn)
async def withdraw(event: BookWithdrawn, uow: AbstractUnitOfWork) -> None:
    """Store that the book was withdrawn, if its version is higher: no entry is shown then."""
    await uow.catalogue.put(
        CatalogueEntry(
            book_id=event.id,
            title=event.title,
            author="",
            isbn="",
            version=event.version,
            withdrawn=True,
        )
    )


async def rate(
    event: ReviewCreated | ReviewRevised | ReviewWithdrawn, uow: AbstractUnitOfWork
) -> None:
    """Store the rating, or that there is none any more, if its version is higher."""
    rating = None if isinstance(event, ReviewWithdrawn) else event.rating
    await uow.catalogue.rate(
        BookRating(review_id=event.id, book_id=event.book_id, rating=rating, version=event.version)
    )


catalogue.on(ReviewCreated)(rate)
catalogue.on(ReviewRevised)(rate)
catalogue.on(ReviewWithdrawn)(rate)
