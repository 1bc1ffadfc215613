"""The texts of single cells: numbers, dates and ISBNs, and texts that a sheet would calculate."""

import re
from datetime import date
from typing import Final

from stdnum import isbn as stdnum_isbn
from stdnum.exceptions import ValidationError

from reading_club.domain.isbn import InvalidIsbn, Isbn
from reading_club.service.book_files.rows import CellRefused

_FORMULA: Final = "=+\\-@\t\r\n＝＋－＠"  # noqa: RUF001  # sheets take them for = + - @
_CELL_BEGINS: Final = "(?<![^;\t\r\n])"
"""At the start, and after what may separate cells in another country's settings, also in quotes."""
_TO_GUARD: Final = re.compile(f"{_CELL_BEGINS}(?='*[{_FORMULA}])")
_GUARD: Final = re.compile(f"{_CELL_BEGINS}'(?='*[{_FORMULA}])")
_QUOTED_NUMBER: Final = re.compile('="([0-9Xx-]*)"')
"""How Goodreads writes ISBNs: a sheet shows the digits, and does not round them."""

_DATE: Final = re.compile("([0-9]{4})[/-]([0-9]{1,2})[/-]([0-9]{1,2})")
_PART_OF_A_DATE: Final = re.compile("[0-9]{4}(?:[/-][0-9]{1,2})?")
_ROUNDED: Final = re.compile(r"[0-9][.,][0-9]+E\+?[0-9]+", re.IGNORECASE)
_LIKE_AN_ISBN: Final = re.compile("[0-9][0-9 -]{8,15}[0-9Xx]")


def guarded(text: str) -> str:
    """Return a text with a quote before what a sheet would take for a formula.

    A text that has such a quote already gets another, so that ``unguarded`` returns the text.
    """
    return text if _QUOTED_NUMBER.fullmatch(text) else _TO_GUARD.sub("'", text)


def unguarded(text: str) -> str:
    """Return the text that was guarded."""
    return _GUARD.sub("", text)


def quoted_number(digits: str) -> str:
    """Return an ISBN as Goodreads writes it."""
    return f'="{digits}"'


def isbn_text(isbn: Isbn | None) -> str:
    """Return the thirteen digits, or an empty text for a book without an ISBN."""
    return "" if isbn is None else isbn.canonical


def isbn_10(isbn: Isbn | None) -> str:
    """Return the ISBN-10, or an empty text if there is none."""
    try:
        return str(stdnum_isbn.to_isbn10(isbn_text(isbn)))
    except ValidationError:
        return ""


def like_an_isbn(text: str) -> bool:
    """Whether a text has about as many digits as an ISBN: it is one, or a wrong one."""
    return _LIKE_AN_ISBN.fullmatch(number_in(text)) is not None


def number_in(text: str) -> str:
    """Return the text without Goodreads' quotes around it."""
    text = text.strip()
    match = _QUOTED_NUMBER.fullmatch(text)
    return match[1] if match else text


def read_isbn(text: str, column: str) -> Isbn | None:
    """Return the ISBN in a cell, or None if the cell is empty. Raises CellRefused."""
    text = number_in(text)
    if _ROUNDED.fullmatch(text):
        raise CellRefused(column, "was rounded by a spreadsheet: its last digits are lost")
    try:
        return Isbn(text) if text else None
    except InvalidIsbn as exc:
        raise CellRefused(column, f"is no ISBN: {exc}") from None


def read_date(text: str, column: str) -> date | None:
    """Return the date in a cell; None if it is empty, or has a year or month alone.

    Raises CellRefused: the order of day and month in other spellings is not known.
    """
    text = text.strip()
    if not text or _PART_OF_A_DATE.fullmatch(text):
        return None
    match = _DATE.fullmatch(text)
    try:
        if match is not None:
            return date(*map(int, match.groups()))
    except ValueError:
        pass
    raise CellRefused(column, "must be a date such as 2024/05/17") from None


def names_in(text: str) -> list[str]:
    """Return the names in a cell, which are separated by commas, each once, in their order."""
    names = (" ".join(name.split()) for name in text.split(","))
    return list(dict.fromkeys(name for name in names if name))
