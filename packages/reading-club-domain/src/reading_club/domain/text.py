"""Texts that people type: trimmed, of a sensible length, without control characters."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError, PydanticKnownError

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Mn", "Zs"})
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_MARK_CATEGORIES = frozenset({"Mn", "Me"})

MOST_MARKS = 8
"""On one base character: Tibetan has stacks of eight, pointed Hebrew of six, Vietnamese of two."""
LONGEST_DECOMPOSITION = 4
"""Characters that NFC may compose to one."""


def fold(text: str) -> str:
    """Return the text without case and accents, to compare and to search by.

    It takes each character apart by itself: the marks, whose order a whole text would need, go.
    """
    if text.isascii():
        return text.lower()
    pieces = (unicodedata.normalize("NFKD", char) for char in text.casefold())
    return "".join(c for piece in pieces for c in piece if not unicodedata.combining(c))


def _refuse_controls(text: str, allowed: str = "") -> str:
    if text.isprintable():  # neither category is
        return text
    for char in text:
        if char not in allowed and (
            char in _BIDI_CONTROLS or unicodedata.category(char) in _CONTROL_CATEGORIES
        ):
            raise PydanticCustomError("control_character", "must not contain control characters")
    return text


def _one_line(text: str) -> str:
    _refuse_controls(text)
    if text and all(unicodedata.category(char) in _INVISIBLE_CATEGORIES for char in text):
        raise PydanticCustomError("invisible_text", "must have a visible character")
    return text


def _many_lines(text: str) -> str:
    return _refuse_controls(text, allowed="\n\t")


def _few_marks(text: str) -> str:
    """Refuse a pile of marks, which is painted over what stands around it.

    What is invisible between two marks does not part them.
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
    """Return what brings a text into the form that is stored: what follows counts its characters.

    Normalising takes time with the square of a run of marks, so that first the size and the
    marks are looked at; and the marks again, since a few characters are decomposed by it.
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


Title = Annotated[str, _length(300), AfterValidator(_one_line), _normalised(300)]
"""The title of a book: 1 to 300 characters."""

Author = Annotated[str, _length(200), AfterValidator(_one_line), _normalised(200)]
"""Who wrote a book, as printed on it: 1 to 200 characters."""

Nickname = Annotated[str, _length(50), AfterValidator(_one_line), _normalised(50)]
"""What a reviewer is called: 1 to 50 characters."""

Comment = Annotated[str, _length(5_000, least=0), AfterValidator(_many_lines), _normalised(5_000)]
"""What a reviewer writes: up to 5,000 characters, line breaks allowed."""

SearchWords = Annotated[str, _length(200, least=0), AfterValidator(_one_line), _normalised(200)]
"""What somebody looks for: up to 200 characters."""

Rating = Annotated[int, Field(strict=True, ge=0, le=10)]
"""How good a book is: 0 (worst) to 10 (best), a whole number."""
