"""Texts of users: types that are trimmed, limited and free of control characters."""

import unicodedata
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError, PydanticKnownError

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Mn", "Zs"})
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_MARK_CATEGORIES = frozenset({"Mn", "Me"})

_LOOKS_LIKE: Final = {
    **dict.fromkeys((0x34F, 0x17B4, 0x17B5, 0x2065, *range(0x180B, 0x1810))),
    **dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000))),
    **dict.fromkeys((0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0), " "),
}
"""Characters that are drawn as nothing, None, or as a space, though their categories differ: the
default ignorable ones of Unicode, the fillers of Hangul, and Braille without a dot."""

MOST_MARKS = 8
"""Combining marks on one character: Tibetan has up to eight, Hebrew six, Vietnamese two."""
LONGEST_DECOMPOSITION = 4
"""The most characters that NFC composes to one."""


def authors_in(text: str) -> list[str]:
    """Return the authors of a book, which semicolons separate; a comma is part of a name."""
    names = [name.strip() for name in text.split(";")]
    return [name for name in names if name] or [text]


def as_one_author(authors: Iterable[str]) -> str:
    """Return the authors of a book as one text, from which ``authors_in`` returns them."""
    return "; ".join(authors)


def casefold_unaccented(text: str) -> str:
    """Return the text without case and accents, for comparison and search.

    Each character is decomposed by itself, as the order of the removed marks does not matter.
    """
    if text.isascii():
        return text.lower()
    pieces = (unicodedata.normalize("NFKD", char) for char in text.casefold())
    return "".join(c for piece in pieces for c in piece if not unicodedata.combining(c))


def nickname_key(nickname: str) -> str:
    """Return the unique form of a nickname: nicknames that look the same have the same.

    Compatible characters are unified (NFKC), invisible ones dropped, spaces collapsed, and the case
    is folded, as in RFC 8266. Letters of different scripts stay different.
    """
    drawn = nickname.translate(_LOOKS_LIKE)
    visible = (char for char in drawn if unicodedata.category(char) != "Cf")
    folded = unicodedata.normalize("NFKC", "".join(visible)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _refuse_controls(text: str, allowed: str = "") -> str:
    if text.isprintable():  # no control character is
        return text
    for char in text:
        if char not in allowed and (
            char in _BIDI_CONTROLS or unicodedata.category(char) in _CONTROL_CATEGORIES
        ):
            raise PydanticCustomError("control_character", "must not contain control characters")
    return text


def _validate_single_line(text: str) -> str:
    _refuse_controls(text)
    drawn = text.translate(_LOOKS_LIKE)
    if text and all(unicodedata.category(char) in _INVISIBLE_CATEGORIES for char in drawn):
        raise PydanticCustomError("invisible_text", "must have a visible character")
    return text


def _few_marks(text: str) -> str:
    """Refuse a character with more than MOST_MARKS marks, which would cover the text around it.

    Invisible characters between two marks do not end a run.
    """
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        if category in _MARK_CATEGORIES:
            marks += 1
            if marks > MOST_MARKS:
                raise PydanticCustomError(
                    "too_many_marks",
                    "must have at most {most} marks on one letter",
                    {"most": MOST_MARKS},
                )
        elif category != "Cf":
            marks = 0
    return text


def _normalised(most: int) -> BeforeValidator:
    """Return a validator that normalises a text to NFC before its length is checked.

    Normalising takes quadratic time in a run of marks, so that size and marks are checked first.
    Marks are checked again afterwards, since NFC decomposes a few characters.
    """

    def normalised(text: object) -> object:
        if not isinstance(text, str):
            return text
        text = text.replace("\r\n", "\n")
        if len(text.strip()) > most * LONGEST_DECOMPOSITION:
            raise PydanticKnownError("string_too_long", {"max_length": most})
        if text.isascii():
            return text
        return _few_marks(unicodedata.normalize("NFC", _few_marks(text)))

    return BeforeValidator(normalised)


def _length(most: int, least: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most)


Title = Annotated[str, _length(300), AfterValidator(_validate_single_line), _normalised(300)]
"""The title of a book: 1 to 300 characters."""

Author = Annotated[str, _length(200), AfterValidator(_validate_single_line), _normalised(200)]
"""The author of a book, as printed on it: 1 to 200 characters."""

Nickname = Annotated[str, _length(50), AfterValidator(_validate_single_line), _normalised(50)]
"""The name of a reviewer: 1 to 50 characters."""

TokenName = Annotated[str, _length(100), AfterValidator(_validate_single_line), _normalised(100)]
"""The name by which a member recognises a token: 1 to 100 characters."""

ClubName = Annotated[str, _length(80), AfterValidator(_validate_single_line), _normalised(80)]
"""The name of the club: 1 to 80 characters."""

_LINES = AfterValidator(partial(_refuse_controls, allowed="\n\t"))
Comment = Annotated[str, _length(5_000, least=0), _LINES, _normalised(5_000)]
"""The comment of a review: up to 5,000 characters, line breaks allowed."""

SearchWords = Annotated[
    str, _length(200, least=0), AfterValidator(_validate_single_line), _normalised(200)
]
"""The query of a search: up to 200 characters."""

Rating = Annotated[int, Field(strict=True, ge=0, le=10)]
"""The rating of a book: 0 (worst) to 10 (best), a whole number."""
