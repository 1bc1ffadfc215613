"""Limits of texts, and the cost of refusing one."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from reading_club.domain import text
from reading_club.domain.text import (
    Author,
    Comment,
    Nickname,
    SearchWords,
    Title,
    casefold_unaccented,
    nickname_key,
)

LIMITS = {Title: 300, Author: 200, Nickname: 50, Comment: 5_000, SearchWords: 200}
MANY = 32_000
"""The number of marks in a large request body."""


@pytest.fixture
def normalised(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that was normalised."""
    seen: list[str] = []
    normalize = unicodedata.normalize

    class Recording:
        """The module ``unicodedata``, with a record of normalised texts."""

        category = staticmethod(unicodedata.category)
        combining = staticmethod(unicodedata.combining)

        @staticmethod
        def normalize(form: str, unistr: str) -> str:
            """Record the text."""
            seen.append(unistr)
            return normalize(form, unistr)  # type: ignore[arg-type]  # one of its four forms

    monkeypatch.setattr(text, "unicodedata", Recording)
    return seen


@pytest.mark.parametrize(("kind", "limit"), LIMITS.items())
@pytest.mark.parametrize("piece", ["\u0301", "a\u0301", "\u0301\u0327", "\u1112\u1161"])
def test_a_size_is_refused_before_the_text_is_normalised(
    normalised: list[str], kind: type[str], limit: int, piece: str
) -> None:
    """Normalising takes quadratic time in a run of marks: overlong texts are refused first."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python("e" + piece * MANY)

    (error,) = refused.value.errors()
    assert (error["type"], error.get("ctx")) == ("string_too_long", {"max_length": limit})
    assert normalised == []


@pytest.mark.parametrize("kind", LIMITS)
def test_a_run_of_marks_is_refused_before_the_text_is_normalised(
    normalised: list[str], kind: type[str]
) -> None:
    """A text of an allowed length with all its marks on one letter is not normalised either."""
    with pytest.raises(ValidationError, match="at most 8 marks"):
        TypeAdapter(kind).validate_python("e" + "\u0301" * 40)

    assert normalised == []


def test_a_search_normalises_one_character_at_a_time(normalised: list[str]) -> None:
    """Folding takes linear time: it normalises one character at a time."""
    assert casefold_unaccented("e" + "\u0301\u0327" * MANY) == "e"

    assert max(map(len, normalised)) == 1


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_folding_is_what_the_whole_text_decomposed_would_be(words: str) -> None:
    """Decomposing by character gives the same result as decomposing the whole text."""
    whole = unicodedata.normalize("NFKD", words.casefold())

    assert casefold_unaccented(words) == "".join(c for c in whole if not unicodedata.combining(c))


@pytest.mark.parametrize(
    "title",
    [
        unicodedata.normalize("NFD", "Truyện Kiều, Đoạn trường tân thanh"),
        "בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים",
        "ที่นี่ กำลังซื้อ ผู้ใหญ่",
        "हिन्दी क्षेत्रीय कृति",
        "\u0f67\u0f90\u0fb5\u0fa8\u0fb3\u0fba\u0fbc\u0fbb\u0f82",
        "👩‍👩‍👧‍👦 ❤️‍🔥 1️⃣",
    ],
)
def test_the_marks_of_a_language_are_taken(title: str) -> None:
    """Vietnamese, pointed Hebrew, Thai, Hindi, emoji, and the highest stack of Tibetan."""
    assert TypeAdapter(Title).validate_python(title) == unicodedata.normalize("NFC", title)


@pytest.mark.parametrize("between", ["", "\u200d", "\u200b", "\u2060", "\u034f", "\ufe0f"])
def test_invisible_characters_do_not_part_marks(between: str) -> None:
    """Marks with an invisible character between them are on the same base character."""
    with pytest.raises(ValidationError, match="at most 8 marks"):
        TypeAdapter(Title).validate_python("Z" + f"\u0310{between}" * 9)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(st.sampled_from("aé\u0301\u0344\u0327\u200d \u0958\uff9e가\u1100\u1161"), max_size=40)
)
def test_what_was_accepted_is_accepted_again_unchanged(words: str) -> None:
    """Validating an accepted text again leaves it unchanged."""
    title = TypeAdapter(Title)
    try:
        once = title.validate_python(words)
    except ValidationError:
        return

    assert title.validate_python(once) == once


@pytest.mark.parametrize(("kind", "limit"), LIMITS.items())
def test_a_text_of_full_length_may_come_in_any_form(kind: type[str], limit: int) -> None:
    """The limit counts composed characters; a decomposed text has up to four times as many."""
    composed = "ᾂ" * limit
    decomposed = unicodedata.normalize("NFD", composed)

    assert len(decomposed) == 4 * limit
    assert TypeAdapter(kind).validate_python(f"   {decomposed}\r\n") == composed


@pytest.mark.parametrize("filler", "\u034f\ufe0f\U000e0101\u2065\ufff0\u180b\u200b\u2061\u17b4")
def test_an_invisible_character_makes_no_other_nickname(filler: str) -> None:
    """Variation selectors, joiners, and code points that have no character."""
    assert nickname_key(f"An{filler}n{filler}") == nickname_key("Ann")


@pytest.mark.parametrize("blank", "\u3164\uffa0\u115f\u1160\u2800")
def test_a_blank_character_is_a_space(blank: str) -> None:
    """Fillers of Hangul, and Braille without a dot: at the end they are no part of a nickname."""
    assert nickname_key(f"Ann{blank}") == nickname_key("Ann")
    assert nickname_key(f"Ann{blank}B") == nickname_key("Ann B")


@pytest.mark.parametrize("char", "\u3164\uffa0\u2800\ufe0f\u034f\ufff0\U000e0101")
@pytest.mark.parametrize("kind", [Nickname, Title])
def test_a_text_of_what_is_not_drawn_is_refused(kind: type[str], char: str) -> None:
    """A nickname or a title has a character that can be seen."""
    with pytest.raises(ValidationError, match="visible"):
        TypeAdapter(kind).validate_python(char * 3)
