"""Activity entries as sentences, whose texts of users and links stay separate parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from uuid import UUID

from reading_club.app.web.languages import N_, gettext
from reading_club.domain.text import as_one_author
from reading_club.service.activity import ActivityEntry
from reading_club.service.catalogue import Catalogue

SENTENCES: Mapping[str, str] = {
    "book_registered_v1": N_("{title} by {author} joined the shelf."),
    "book_registered_v2": N_("{title} by {author} joined the shelf."),
    "book_corrected_v1": N_("The entry of {title} was corrected."),
    "book_withdrawn_v1": N_("{withdrawn} was withdrawn from the shelf."),
    "reviewer_created_v1": N_("{nickname} joined the club."),
    "reviewer_erased_v1": N_("A member left the club, and erased all words."),
    "review_created_v1": N_("{book} was rated {rating} of 10."),
    "review_revised_v1": N_("The rating of {book} was changed to {rating} of 10."),
    "review_withdrawn_v1": N_("A review of {book} was withdrawn."),
}
"""The sentence of each event; ``{book}`` is the title of the book with the ``book_id``, and
``{withdrawn}`` that of a book without a page."""
BY_ORGANISER = N_("An organiser withdrew a review of {book}.")
UNKNOWN_BOOK = N_("a book")


@dataclass(frozen=True)
class Part:
    """A piece of a sentence; ``name`` is its field in the sentence, empty for the club's words."""

    text: str
    name: str = ""
    href: str = ""


def book_id_of(entry: ActivityEntry) -> UUID | None:
    """Return the id of the book that an entry is about, or None."""
    try:
        return UUID(entry.payload["id" if entry.type.startswith("book_") else "book_id"])
    except (KeyError, TypeError, ValueError, AttributeError):  # another release's payload
        return None


async def titles_of(catalogue: Catalogue, entries: Sequence[ActivityEntry]) -> Mapping[UUID, str]:
    """Return the titles of the books that the entries are about, as far as they are known."""
    ids = {book_id for entry in entries if (book_id := book_id_of(entry))}
    known = await catalogue.entries(ids) if ids else {}
    return {book_id: entry.title for book_id, entry in known.items()}


def sentence(entry: ActivityEntry, titles: Mapping[UUID, str]) -> Sequence[Part]:
    """Return the sentence of an entry in the request's language, or its event type without one.

    ``titles`` has the titles of the books that the entry may be about.
    """
    book_id = book_id_of(entry)
    title = titles.get(book_id) if book_id else None
    href = f"/books/{book_id}" if book_id else ""
    fields = {
        "author": _author(entry),
        **entry.payload,
        "book": title,
        "withdrawn": entry.payload.get("title"),
    }
    parts = []
    for words, name, _, _ in Formatter().parse(gettext(_template(entry))):
        parts.append(Part(words))
        if name == "book" and title is None:
            parts.append(Part(gettext(UNKNOWN_BOOK)))
        elif name and not isinstance(fields.get(name), str | int):
            return [Part(entry.type)]
        elif name:
            parts.append(Part(str(fields[name]), name, href if name in {"title", "book"} else ""))
    return _capitalised([part for part in parts if part.text]) or [Part(entry.type)]


def _author(entry: ActivityEntry) -> str | None:
    """Return the authors of a book as one text, None for an entry without any."""
    authors = entry.payload.get("authors")
    return as_one_author(map(str, authors)) if isinstance(authors, list) else None


def _template(entry: ActivityEntry) -> str:
    """Return the sentence of the event; a review that another member withdrew has its own."""
    said = entry.payload
    if entry.type == "review_withdrawn_v1" and said.get("withdrawn_by") != said.get("reviewer_id"):
        return BY_ORGANISER
    return SENTENCES.get(entry.type, "")


def _capitalised(parts: list[Part]) -> list[Part]:
    if parts and not parts[0].name:
        parts[0] = Part(parts[0].text[:1].upper() + parts[0].text[1:])
    return parts
