"""The languages of the pages: which one a request asks for, and the sentences in it.

English is the language of the code. Each other language is a catalogue beside this module, such as
``de.po``, whose name is the language's subtag in ``Accept-Language``.
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

CATALOGUES: Final = Path(__file__).parent
ENGLISH: Final = "en"
ENGLISH_ONLY: Final = ("/api/", "/docs", "/stream", "/following.atom")
"""How the paths begin that answer in English, whatever is asked for.

The private feed has the sentences of mails, which no request asks for.
"""
LONGEST: Final = 1_000
"""Characters of ``Accept-Language`` that are read."""

accepted: Final[ContextVar[str]] = ContextVar("accepted", default="")
"""What the request of this context accepts, as its header says it; empty: English.

It is set anew for each request and never reset, so that the page of a bug has it as well.
"""

_RANGE: Final = re.compile(
    r"\s*(?P<language>[a-z]{1,8}|\*)(?:-[a-z0-9]{1,8})*\s*"
    r"(?:;\s*q\s*=\s*(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.IGNORECASE,
)


class Language(NamedTuple):
    """A language: its tag, how it writes dates and numbers, and its sentences."""

    tag: str
    locale: Locale
    sentences: NullTranslations


@cache
def languages() -> Mapping[str, Language]:
    """Return the languages by their tags, English first; catalogues are read once a process."""
    found = {ENGLISH: Language(ENGLISH, Locale("en", "GB"), NullTranslations())}
    for path in sorted(CATALOGUES.glob("*.po")):
        compiled = BytesIO()
        with path.open("rb") as catalogue:
            write_mo(compiled, read_po(catalogue))
        compiled.seek(0)
        found[path.stem] = Language(path.stem, Locale(path.stem), GNUTranslations(compiled))
    return found


@lru_cache(maxsize=64)
def choose(header: str) -> Language:
    """Return the language with the greatest weight; the first one of equals; else English."""
    weights: dict[str, float] = {}
    for part in header.split(","):
        if found := _RANGE.fullmatch(part):
            language = found["language"].lower()
            weights[language] = max(weights.get(language, 0.0), float(found["weight"] or 1))
    order = [*weights, *languages()]
    rest = weights.get("*", 0.0)
    tag = max(languages(), key=lambda tag: (weights.get(tag, rest), -order.index(tag)))
    return languages()[tag] if weights.get(tag, rest) > 0 else languages()[ENGLISH]


def language() -> Language:
    """Return the language of the request of this context; English without one."""
    return choose(accepted.get())


def language_headers() -> Mapping[str, str]:
    """Return the headers of a page: its language, and that the request chose it."""
    return {"Content-Language": language().tag, "Vary": "Accept-Language"}


def gettext(sentence: str) -> str:
    """Return the sentence in the request's language, or as it is; its placeholders stay."""
    return language().sentences.gettext(sentence) if sentence else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form of the sentence for the number; its placeholders stay."""
    return language().sentences.ngettext(singular, plural, number)


def N_(sentence: str) -> str:  # noqa: N802  # gettext's name
    """Mark a sentence, to be translated where it is used; return it as it is."""
    return sentence


def number(value: float, pattern: str = "#,##0") -> str:
    """Return a number as the language writes it; ``pattern`` is one of Unicode's."""
    return format_decimal(value, pattern, language().locale)
