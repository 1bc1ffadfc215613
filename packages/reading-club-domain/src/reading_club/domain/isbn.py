"""The ISBN as a value object: each spelling becomes one canonical ISBN-13."""

import re
from operator import mul
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from stdnum import isbn as stdnum_isbn
from stdnum.exceptions import InvalidChecksum, ValidationError

LONGEST_SPELLING = 40
SHEET_MUSIC = "9790"
"""The prefix of ISMNs (sheet music), which are no ISBNs."""
_BOOKLAND = "978"
"""The prefix of the ISBNs that have a form of ten digits."""
_THIRTEEN_DIGITS = re.compile("97(?:8|9[1-9])[0-9]{10}")
_LABEL = re.compile(r"^\s*ISBN(?:[-\s]?1[03](?=\D))?\s*:?\s*", re.IGNORECASE)


class InvalidIsbn(ValueError):
    """The text is not the ISBN of a book."""


class Isbn(str):
    """A canonical ISBN-13: thirteen digits, as it is stored and compared.

    Made from any usual spelling: ISBN-10 or ISBN-13, hyphens or spaces, a lower-case
    check digit x, a leading ``ISBN``. Printing it (``str``, an f-string) gives the
    hyphenated form; its content, equality, hash and JSON are the thirteen digits.
    Raises InvalidIsbn.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Read any usual spelling. Raises InvalidIsbn."""
        return super().__new__(cls, _canonical(text))

    @classmethod
    def as_stored(cls, text: str) -> Self:
        """Return the stored text unchanged, even if today's rules refuse it as an ISBN."""
        return super().__new__(cls, text)

    def __str__(self) -> str:
        return self.hyphenated

    def __format__(self, format_spec: str) -> str:
        """Print the hyphenated form, padded by ``format_spec``."""
        return format(self.hyphenated, format_spec)

    @property
    def hyphenated(self) -> str:
        """The printed form, such as 978-0-321-12521-7; a text that is no ISBN is unchanged."""
        text = self.canonical
        return str(stdnum_isbn.format(text)) if _is_canonical(text) else text

    @property
    def canonical(self) -> str:
        """The thirteen digits as a plain string."""
        return super().__str__()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate any usual spelling; serialize the thirteen digits."""
        return core_schema.no_info_after_validator_function(
            _validated,
            core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda isbn: isbn.canonical,
                return_schema=core_schema.str_schema(),
                when_used="json",
            ),
        )


def _canonical(text: str) -> str:
    if type(text) is Isbn:
        return text.canonical
    if _is_canonical(text):
        return text
    if len(text) > LONGEST_SPELLING:
        raise InvalidIsbn("an ISBN has 10 or 13 digits")
    try:
        digits = str(stdnum_isbn.validate(_LABEL.sub("", text), convert=True))
    except InvalidChecksum:
        raise InvalidIsbn("the check digit of the ISBN is wrong") from None
    except ValidationError:
        raise InvalidIsbn("not an ISBN of 10 or 13 digits") from None
    if digits.startswith(SHEET_MUSIC):
        raise InvalidIsbn("the number of sheet music, not of a book")
    return digits


def _is_canonical(text: str) -> bool:
    """Return True for a valid ISBN-13 without hyphens: the fast path for stored ISBNs."""
    if not _THIRTEEN_DIGITS.fullmatch(text):
        return False
    return (sum(map(int, text[::2])) + 3 * sum(map(int, text[1::2]))) % 10 == 0


def ten_digits(isbn: str) -> str | None:
    """Return the ISBN-10 of a canonical ISBN-13, None if it has none or the text is no such ISBN.

    The check digit ten is ``X``.
    """
    if not isbn.startswith(_BOOKLAND) or not _is_canonical(isbn):
        return None
    digits = isbn[3:12]
    check = sum(map(mul, map(int, digits), range(1, 10))) % 11
    return digits + ("X" if check == 10 else str(check))  # noqa: PLR2004  # Roman ten


def _validated(text: str) -> Isbn:
    try:
        return Isbn(text)
    except InvalidIsbn as exc:
        raise PydanticCustomError("isbn", "{reason}", {"reason": str(exc)}) from exc
