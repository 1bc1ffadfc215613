"""Texts that people type: trimmed, of a sensible length, without control characters."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Mn", "Zs"})
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def fold(text: str) -> str:
    """Return the text without case and accents, to compare and to search by."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


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


def _normalised(text: object) -> object:
    """Return the text as it is stored: what follows counts its characters."""
    if not isinstance(text, str):
        return text
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


_NORMALISED = BeforeValidator(_normalised)


def _length(most: int, least: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most)


Title = Annotated[str, _length(300), AfterValidator(_one_line), _NORMALISED]
"""The title of a book: 1 to 300 characters."""

Author = Annotated[str, _length(200), AfterValidator(_one_line), _NORMALISED]
"""Who wrote a book, as printed on it: 1 to 200 characters."""

Nickname = Annotated[str, _length(50), AfterValidator(_one_line), _NORMALISED]
"""What a reviewer is called: 1 to 50 characters."""

Comment = Annotated[str, _length(5_000, least=0), AfterValidator(_many_lines), _NORMALISED]
"""What a reviewer writes: up to 5,000 characters, line breaks allowed."""

SearchWords = Annotated[str, _length(200, least=0), AfterValidator(_one_line), _NORMALISED]
"""What somebody looks for: up to 200 characters."""

Rating = Annotated[int, Field(strict=True, ge=0, le=10)]
"""How good a book is: 0 (worst) to 10 (best), a whole number."""
