"""``/api/me/notifications``: what a member follows, and how the member is told."""

from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from pydantic import AwareDatetime, BaseModel

from reading_club.app.application import TheApplication
from reading_club.app.web.accounts.secret_links import secret_link
from reading_club.app.web.following.feed import PATH, new_feed
from reading_club.app.web.identity import Member, MemberInSession
from reading_club.app.web.problems import responses
from reading_club.service.notifications.mail_addresses import AddressState

router = APIRouter(
    prefix="/api/me/notifications",
    tags=["notifications"],
    responses=responses(401, 403, 503),
)


class FollowedBookOut(BaseModel):
    """A book that the member follows."""

    id: UUID
    title: str


class MailAddressOut(BaseModel):
    """An address for digests. To one that is not confirmed nothing but its link is sent."""

    address: str
    state: AddressState


class Notifications(BaseModel):
    """What the member follows, and how the member is told of it."""

    club: bool
    """Whether every new book and every new review is news."""
    books: list[FollowedBookOut]
    """Those of which new reviews are news, the one that was followed last first."""
    feed_created_at: AwareDatetime | None
    """When the link of the private feed was made; null without one."""
    mail: MailAddressOut | None
    """The address for digests; null without one."""


class FeedOut(BaseModel):
    """A private feed. ``url`` is shown this once, and any program that has it can read the feed."""

    url: str


@router.get("")
async def get_notifications(account: MemberInSession, application: TheApplication) -> Notifications:
    """Get what I follow, and how I am told."""
    async with application.reading() as uow:
        following = await uow.follows.of(account.id)
        created_at = await uow.following_feeds.created_at(account.id)
        mail = await uow.mail_addresses.find(account.id)
    books = [FollowedBookOut(id=book.id, title=book.title) for book in following.books]
    return Notifications(
        club=following.club,
        books=books,
        feed_created_at=created_at,
        mail=None if mail is None else MailAddressOut(address=mail.address, state=mail.state),
    )


@router.put("/club", status_code=204)
async def follow_club(account: Member, application: TheApplication) -> None:
    """Follow the club: every new book and every new review is news. Again, it changes nothing."""
    async with application.writing() as transaction:
        await transaction.uow.follows.follow_club(account.id)


@router.delete("/club", status_code=204)
async def unfollow_club(account: Member, application: TheApplication) -> None:
    """Follow the club no more; books that I follow apart from it, I follow still."""
    async with application.writing() as transaction:
        await transaction.uow.follows.unfollow_club(account.id)


@router.put("/books/{id}", status_code=204, responses=responses(404, 409, 422))
async def follow_book(id: UUID, account: Member, application: TheApplication) -> None:
    """Follow a book: every new review of it is news. Again, it changes nothing."""
    async with application.writing() as transaction:
        await transaction.uow.follows.follow_book(account.id, id)


@router.delete("/books/{id}", status_code=204, responses=responses(422))
async def unfollow_book(id: UUID, account: Member, application: TheApplication) -> None:
    """Follow a book no more."""
    async with application.writing() as transaction:
        await transaction.uow.follows.unfollow_book(account.id, id)


@router.post("/feed", status_code=201)
async def make_feed(
    request: Request, account: MemberInSession, application: TheApplication
) -> FeedOut:
    """Make my private Atom feed, in place of an earlier one, whose link ends."""
    return FeedOut(url=secret_link(request, PATH, await new_feed(application, account)))


@router.delete("/feed", status_code=204, responses=responses(404))
async def revoke_feed(account: MemberInSession, application: TheApplication) -> None:
    """Revoke my private feed: its address is of no use any more."""
    async with application.writing() as transaction:
        is_revoked = await transaction.uow.following_feeds.revoke(account.id)
    if not is_revoked:
        raise HTTPException(404, "you have no feed")
