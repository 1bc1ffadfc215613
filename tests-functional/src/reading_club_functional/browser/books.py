"""Books for the pages of a club, with titles and names that are hard to lay out."""

from collections.abc import Mapping, Sequence
from itertools import count, cycle, islice
from typing import Final, NamedTuple

from reading_club.testing.builders import an_isbn


class Book(NamedTuple):
    """What the form and the API take."""

    title: str
    author: str
    isbn: str


LONG: Final = (
    "The Life and Strange Surprizing Adventures of Robinson Crusoe, of York, Mariner: Who lived "
    "Eight and Twenty Years, all alone in an un-inhabited Island on the Coast of America, near the "
    "Mouth of the Great River of Oroonoque; Having been cast on Shore by Shipwreck, wherein all "
    "the Men but himself died"
)
"""A title of 300 characters, the most that there may be."""
HARD: Final = (
    ("红楼梦与中国古典文学中的梦境家族和命运", "曹雪芹"),
    ("סיפור על אהבה וחושך", "עמוס עוז"),
    (LONG, "Daniel Defoe"),
)
ORDINARY: Final = (
    ("Middlemarch", "George Eliot"),
    ("The Left Hand of Darkness", "Ursula K. Le Guin"),
    ("Architecture Patterns with Python", "Harry Percival, Bob Gregory"),
    ("Beloved", "Toni Morrison"),
    ("The Master and Margarita", "Mikhail Bulgakov"),
    ("Things Fall Apart", "Chinua Achebe"),
    ("Donaudampfschifffahrtsgesellschaftskapitän", "Österreichische Nationalbibliothek"),
    ("To the Lighthouse", "Virginia Woolf"),
    ("Ficciones", "Jorge Luis Borges"),
    ("Emma", "Jane Austen"),
    ("The Rings of Saturn", "W. G. Sebald"),
    ("Season of Migration to the North", "Tayeb Salih"),
)


def some_books(number: int) -> Sequence[Book]:
    """Return books, at least three or none; the last three are hard to lay out."""
    ordinary = islice(cycle(ORDINARY), max(0, number - len(HARD)))
    titles = [*ordinary, *HARD][:number]
    return [
        Book(*named, an_isbn(i).canonical)
        for named, i in zip(titles, count(3_161_484), strict=False)
    ]


REVIEWS: Final[Mapping[str, Mapping[int, tuple[int, str]]]] = {
    "Olga": {
        2: (9, "I read it every winter.\n\nStart with the tree of the families at the end."),
        3: (7, "Grows on a long train ride."),
        4: (10, ""),
        6: (8, "Best read aloud."),
    },
    "Mo": {2: (3, "Not for me. " * 30), 3: (9, "A labyrinth in a hundred pages."), 8: (7, "")},
    "Ines": {
        2: (8, "满纸荒唐言, 一把辛酸泪。"),
        3: (8, "The third story alone is worth the evening."),
        4: (9, "We talked about it for two hours."),
        7: (6, ""),
    },
    "יעל": {2: (9, "ספר נפלא, קראתי אותו פעמיים."), 3: (4, ""), 5: (9, "")},
}
"""Ratings and comments: by the nickname, and by the place of the book, the newest first."""
WAITING: Final = "Donaudampfschifffahrtsgesellschaftskapitän"
"""The nickname of a request to join."""
