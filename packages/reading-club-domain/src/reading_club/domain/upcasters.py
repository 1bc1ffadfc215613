"""Upcasters: functions from an event to the next version of its type.

``reading_club.service.versions`` finds them by their signature; the caller keeps id and time.
"""

from reading_club.domain.messages import BookRegistered, BookRegisteredV2


def with_list_of_authors(event: BookRegistered) -> BookRegisteredV2:
    """Return the second version: semicolons separate authors, and a comma is part of a name."""
    names = [name.strip() for name in event.author.split(";")]
    return BookRegisteredV2(
        id=event.id,
        isbn=event.isbn,
        title=event.title,
        authors=[name for name in names if name] or [event.author],
    )
