"""The ISBN as a value."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from stdnum import isbn as stdnum_isbn

from reading_club.domain.isbn import LONGEST_SPELLING, InvalidIsbn, Isbn, ten_digits
from reading_club.domain.search import book_words, query_words
from reading_club.testing.builders import an_isbn

SPELLINGS = [
    "0321125215",
    "0-321-12521-5",
    "9780321125217",
    "978-0-321-12521-7",
    "978 0 321 12521 7",
    "978–0–321–12521–7",
    " ISBN 0-321-12521-5 ",
    "isbn:0321125215",
    "ISBN-13: 978-0321125217",
    "ISBN-10 0321125215",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_usual_spelling_is_the_same_book(spelling: str) -> None:
    """ISBN-10 and -13, hyphens, spaces and labels all lead to one canonical ISBN-13."""
    assert Isbn(spelling) == "9780321125217"
    assert hash(Isbn(spelling)) == hash("9780321125217")


@pytest.mark.parametrize("spelling", ["043942089X", "0-439-42089-x"])
def test_a_check_digit_x_may_be_lower_case(spelling: str) -> None:
    """The tenth digit of an ISBN-10 may be an x of either case."""
    assert Isbn(spelling) == "9780439420891"


@pytest.mark.parametrize("number", [0, 1, 43_942_089, 999_999_999, *range(500, 520)])
def test_ten_digits_are_those_of_the_isbn_library(number: int) -> None:
    """They are counted here since the library takes fifty times as long."""
    isbn = an_isbn(number).canonical

    assert ten_digits(isbn) == stdnum_isbn.to_isbn10(isbn)


@pytest.mark.parametrize("text", ["9791090636071", "9780321125216", "978-0-321-12521-7", "978", ""])
def test_other_texts_have_no_ten_digits(text: str) -> None:
    """The ISBNs of 979, a wrong check digit, hyphens, and what is too short."""
    assert ten_digits(text) is None


def test_it_is_printed_with_hyphens() -> None:
    """People read 978-0-321-12521-7; machines store thirteen digits."""
    isbn = Isbn("9780321125217")

    assert f"{isbn}" == str(isbn) == isbn.hyphenated == "978-0-321-12521-7"
    assert f"{isbn:>20}" == "   978-0-321-12521-7"
    assert TypeAdapter(Isbn).dump_json(isbn) == b'"9780321125217"'
    assert type(isbn.canonical) is str
    assert isbn.canonical == "9780321125217"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "978-0-321-12521-6",
        "0-321-12521-4",
        "9770321125217",
        "9790260000438",
        "97803211252170",
        "9" * 1000,
    ],
)
def test_what_is_not_an_isbn_is_refused(text: str) -> None:
    """Wrong check digits, lengths and prefixes are refused, however long the text."""
    with pytest.raises(InvalidIsbn):
        Isbn(text)


@pytest.mark.parametrize("value", [9780321125217, None, 3.14, ["9780321125217"], "0321125216"])
def test_a_field_of_another_type_is_refused_with_a_clear_error(value: object) -> None:
    """In a model, a value that is not the text of an ISBN is a validation error."""
    with pytest.raises(ValidationError):
        TypeAdapter(Isbn).validate_python(value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=2 * LONGEST_SPELLING))
def test_any_text_is_an_isbn_or_is_refused(text: str) -> None:
    """A text is accepted or raises InvalidIsbn; an accepted one is read back as itself."""
    try:
        isbn = Isbn(text)
    except InvalidIsbn:
        return
    assert Isbn(isbn) == Isbn(isbn.hyphenated) == isbn


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(min_value=0, max_value=999_999_999))
def test_every_spelling_of_every_number_is_the_same(number: int) -> None:
    """Hyphens never change the number, and books are found by any spelling."""
    isbn = an_isbn(number)

    assert Isbn(isbn.hyphenated) == isbn
    for spelling in (f"ISBN {isbn}", isbn.hyphenated, isbn.canonical):
        assert query_words(spelling) == (isbn.canonical,)
        assert isbn.canonical in book_words("", "", isbn.canonical)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.from_regex("97[0-9]{11}", fullmatch=True))
def test_thirteen_digits_are_judged_as_their_spelling_is(digits: str) -> None:
    """The fast path for thirteen digits accepts the same numbers as the full validation."""
    numbers = [f"{digits[:-1]}{check}" for check in range(10)]

    readable = [number for number in numbers if is_isbn(number)]

    assert readable == [number for number in numbers if is_isbn(f"ISBN {number}")]
    assert all(Isbn(number).canonical == number for number in readable)


def test_other_digits_are_no_shorter_way() -> None:
    """Thirteen digits of another script are refused."""
    arabic = "9780321125217".translate({ord(str(n)): 0x660 + n for n in range(10)})

    assert not is_isbn(arabic)


def is_isbn(text: str) -> bool:
    """Whether the text is accepted as an ISBN."""
    try:
        Isbn(text)
    except InvalidIsbn:
        return False
    return True
