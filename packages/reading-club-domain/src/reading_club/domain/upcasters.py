"""Upcasters: functions from an event to the next version of its type.

``reading_club.service.versions`` finds them by their signature; the caller keeps id and time.
"""

from reading_club.domain.messages import BookRegistered, BookRegisteredV2
from reading_club.domain.text import authors_in


def with_list_of_authors(event: BookRegistered) -> BookRegisteredV2:
    """Return the second version, with the authors one by one."""
    return BookRegisteredV2(
        id=event.id, isbn=event.isbn, title=event.title, authors=authors_in(event.author)
    )
