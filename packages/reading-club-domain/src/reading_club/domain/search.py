"""The words by which books are found, and the keys by which they are sorted.

Words are folded: without case and accents. A word of a query finds each word that begins with it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Final

from stdnum import isbn as stdnum_isbn

from reading_club.domain.isbn import InvalidIsbn, Isbn, ten_digits
from reading_club.domain.text import casefold_unaccented

MOST_QUERY_WORDS: Final = 8
"""Words of a query that are looked at; further ones are ignored."""
LONGEST_WORD: Final = 40
"""Characters of a word, of a query or a book, that are looked at."""
LONGEST_KEY: Final = 80
"""Characters of a title or an author by which books are sorted; equal beginnings are ties."""
LAST: Final = "\U0010ffff"
"""Sorts after every character of a word: what begins with a word is before the word and this."""

_APOSTROPHES: Final = re.compile("['\u2019]")
"""Are left out of words: O'Brien is found as obrien, and by its parts."""
_SYMBOLS: Final = frozenset("#+%_'\u2019")
"""Symbols that are part of a word, as in C#, C++, 100%."""
_SIMPLE: Final = re.compile(r"[a-z0-9#+%_'\x00-\x08\x0e-\x1f\x7f]+")
_PARTS: Final = re.compile("[^#+%_'\u2019]+")
_HYPHENATED_DIGITS: Final = re.compile(r"[0-9]+(?:[-\u2010-\u2015][0-9]*)+")
_HYPHENS: Final = re.compile(r"[-\u2010-\u2015]")

_WITHOUT_SPACES: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x3005, 0x3007),  # Han: repetition, zero
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),  # Katakana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),  # Han
    (0xA9E0, 0xA9FF),  # Burmese
    (0xAA60, 0xAA7F),  # Burmese
    (0x1B000, 0x1B16F),  # Kana
    (0x20000, 0x3FFFF),  # Han
)
"""The first and the last character of scripts that are written without spaces between words."""


def book_words(title: str, author: str, isbn: str | None) -> frozenset[str]:
    """Return the words by which a book is found. ``isbn`` are the thirteen digits, if it has any.

    A run of a script without spaces gives each of its ends, so that any part of it is found. An
    ISBN gives both its forms, numbers with hyphens are one word as well, as in 1999-2001.
    """
    words = {*_isbn_words(isbn)}
    for text in (casefold_unaccented(title), casefold_unaccented(author)):
        words.update(_HYPHENS.sub("", each) for each in _HYPHENATED_DIGITS.findall(text))
        for word in _words(text) or text.split():
            if word.isascii() and word.isalnum():  # has no parts
                words.add(word)
            else:
                words.update(_findable(word))
    return frozenset(word[:LONGEST_WORD] for word in words)


def query_words(query: str) -> Sequence[str]:
    """Return the words of a query, each of which a book must have; none for a blank query.

    A word with which another one begins is left out. A query, or a word of it, that is an ISBN
    gives its thirteen digits, a part with hyphens its digits. Marks between words, as in
    "Simon & Garfunkel", are left out; a query of marks alone finds titles of marks alone.
    """
    with suppress(InvalidIsbn):
        return (Isbn(query).canonical,)
    found = list(_query_words(query)) or casefold_unaccented(query).split() or query.split()
    words = dict.fromkeys(word[:LONGEST_WORD] for word in found)
    longest = [
        word
        for word in words
        if not any(other != word and other.startswith(word) for other in words)
    ]
    return tuple(longest[:MOST_QUERY_WORDS])


def sort_key(text: str) -> str:
    """Return the key by which a title or an author is sorted: its folded words; articles stay.

    It is empty for a text without words.
    """
    return " ".join(_plain(_words(casefold_unaccented(text))))[:LONGEST_KEY].rstrip()


def _plain(words: Iterable[str]) -> Iterator[str]:
    """Yield the words without apostrophes."""
    yield from (_APOSTROPHES.sub("", word) or word for word in words)


def _words(folded: str) -> Sequence[str]:
    """Return the words of a folded text in their order."""
    if folded.isascii():
        return _SIMPLE.findall(folded)
    runs = groupby((c for c in folded if unicodedata.category(c) != "Cf"), _kind)
    return ["".join(chars) for kind, chars in runs if kind]


def _kind(char: str) -> int:
    """Return 0 for a character between words, 2 for one of a script without spaces, else 1.

    Characters that cannot be stored belong to words, which no book has.
    """
    category = unicodedata.category(char)
    if category[0] not in "LNM" and category not in {"Cc", "Cs"} and char not in _SYMBOLS:
        return 0
    code = ord(char)
    return 2 if any(first <= code <= last for first, last in _WITHOUT_SPACES) else 1


def _findable(word: str) -> Iterator[str]:
    """Yield the word; also its ends in a script without spaces, and its parts between symbols."""
    yield from _plain([word])
    if _kind(word[0]) == 2:  # noqa: PLR2004  # as _kind says
        yield from (word[start : start + LONGEST_WORD] for start in range(1, len(word)))
    elif not _SYMBOLS.isdisjoint(word):
        yield from _PARTS.findall(word)


def _isbn_words(isbn: str | None) -> Iterator[str]:
    if isbn:
        yield isbn.casefold()
        if short := ten_digits(isbn):
            yield short.casefold()
        elif isbn.startswith("978"):
            with suppress(ValueError):  # a stored text that is no ISBN
                yield str(stdnum_isbn.to_isbn10(isbn)).casefold()


def _query_words(query: str) -> Iterator[str]:
    for text in query.split():
        folded = casefold_unaccented(text)
        try:
            yield Isbn(text).canonical
        except InvalidIsbn:
            if _HYPHENATED_DIGITS.fullmatch(folded):
                yield _HYPHENS.sub("", folded)
            else:
                yield from _plain(_words(folded))
