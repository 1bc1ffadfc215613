"""The pages of a club, and the forms on them after a mistake.

Accessibility, layout and screenshots are checked for each: a new page is a line here.
"""

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

Role = Literal["visitor", "member", "organiser"]


@dataclass(frozen=True)
class SitePage:
    """A page: its address, who looks at it, and the button that is pressed on it, if any.

    The address may name ``{content.book}`` and other ids of the club's content, and ``{welcome}``,
    the secret of the link for the first organiser.
    """

    name: str
    path: str
    role: Role = "visitor"
    press: str = ""

    def __str__(self) -> str:
        return self.name

    def is_of(self, books: int) -> bool:
        """Whether a club has the page: one without books has no members, and is not claimed."""
        if "{welcome}" in self.path:
            return not books
        return books > 0 or (self.role == "visitor" and "{content." not in self.path)


GROUP: Final = (
    "/stream/dead-letters/group?subscriber=catalogue&type=book_registered_v1&error=TimeoutError"
)
PAGES: Final = (
    SitePage("shelf", "/"),
    SitePage("search", "/?q=the"),
    SitePage("best-rated", "/?order=best"),
    SitePage("nothing-found", "/?q=nothing+has+this+name"),
    SitePage("book", "/books/{content.book}"),
    SitePage("my-review", "/books/{content.book}", "member"),
    SitePage("my-review-refused", "/books/{content.book}", "member", press="Send my review"),
    SitePage("reviews", "/books/{content.reviewed}"),
    SitePage("my-review-stored", "/books/{content.reviewed}", "organiser"),
    SitePage("no-such-book", f"/books/{UUID(int=0)}"),
    SitePage("first-book", "/books/new"),
    SitePage("add-a-book", "/books/new", "member"),
    SitePage("add-a-book-refused", "/books/new", "member", press="Add to the shelf"),
    SitePage("book-of-an-organiser", "/books/{content.book}", "organiser"),
    SitePage("edit-a-book", "/books/{content.book}/edit", "organiser"),
    SitePage("shelf-of-a-member", "/", "member"),
    SitePage("shelf-of-an-organiser", "/", "organiser"),
    SitePage("activity", "/activity"),
    SitePage("welcome", "/welcome"),
    SitePage("welcome-by-link", "/welcome?token={welcome}"),
    SitePage("welcome-refused", "/welcome?token={welcome}", press="Open the club"),
    SitePage("join", "/join"),
    SitePage("has-asked", "/join?said=asked"),
    SitePage("join-by-link", "/join?token=none"),
    SitePage("join-refused", "/join?token=none", press="Join"),
    SitePage("members", "/members", "organiser"),
    SitePage("members-for-a-member", "/members", "member"),
    SitePage("members-invited", "/members", "organiser", press="Make a link"),
    SitePage("members-refused", "/members", "organiser", press="Save the settings"),
    SitePage("member", "/members/{content.member}", "organiser"),
    SitePage("member-password-link", "/members/{content.member}", "organiser", press="Make a link"),
    SitePage("account", "/account", "member"),
    SitePage("account-with-reviews", "/account", "organiser"),
    SitePage("account-refused", "/account", "member", press="Change the password"),
    SitePage("imports", "/imports", "member"),
    SitePage("imports-refused", "/imports", "member", press="Import"),
    SitePage("import", "/imports/{content.imported}", "organiser"),
    SitePage("account-address-refused", "/account", "member", press="Send me a link"),
    SitePage("account-with-a-feed", "/account", "member", press="Make a link"),
    SitePage("confirm-an-address", "/mail/confirm?token=none"),
    SitePage("address-not-confirmed", "/mail/confirm?token=none", press="Confirm the address"),
    SitePage("end-the-mail", "/mail/unsubscribe?token=none"),
    SitePage("mail-ended", "/mail/unsubscribe?token=none", press="End the mail"),
    SitePage("privacy", "/privacy"),
    SitePage("password-link-not-valid", "/password?token=none"),
    SitePage("log-in", "/login"),
    SitePage("log-in-refused", "/login", press="Log in"),
    SitePage("not-found", "/nowhere"),
    SitePage("stream", "/stream", "organiser"),
    SitePage("stream-watched", "/stream?watch=yes", "organiser"),
    SitePage("events", "/stream/events", "organiser"),
    SitePage("events-of-a-type", "/stream/events?type=review_created_v1", "organiser"),
    SitePage("events-refused", "/stream/events?type=a+b&since=soon&until=x&id=1", "organiser"),
    SitePage("no-event-fits", "/stream/events?until=2020-01-01T00:00", "organiser"),
    SitePage("event", "/stream/events/{content.event}", "organiser"),
    SitePage("no-such-event", f"/stream/events/{UUID(int=0)}", "organiser"),
    SitePage("asyncapi", "/stream/asyncapi", "organiser"),
    SitePage("dead-letters", "/stream/dead-letters", "organiser"),
    SitePage("dead-letter-group", GROUP, "organiser"),
    SitePage("dead-letter-group-refused", GROUP, "organiser", press="Discard"),
)


def pages_with(books: int) -> tuple[SitePage, ...]:
    """Return the pages of a club with this number of books."""
    return tuple(page for page in PAGES if page.is_of(books))
