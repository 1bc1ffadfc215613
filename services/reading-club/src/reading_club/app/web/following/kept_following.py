"""What is kept of a member about what the member follows, to take along."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from reading_club.service.uow import AbstractUnitOfWork


class KeptFollowing(BaseModel):
    """What the member follows, and how the member is told; without the link of the feed."""

    club: bool
    books: list[str]
    """The titles."""
    feed_created_at: AwareDatetime | None
    address: str | None


async def following_of(uow: AbstractUnitOfWork, account_id: UUID) -> KeptFollowing:
    """Return what the member follows."""
    following, mail = await uow.follows.of(account_id), await uow.mail_addresses.find(account_id)
    return KeptFollowing(
        club=following.club,
        books=[book.title for book in following.books],
        feed_created_at=await uow.following_feeds.created_at(account_id),
        address=None if mail is None else mail.address,
    )
