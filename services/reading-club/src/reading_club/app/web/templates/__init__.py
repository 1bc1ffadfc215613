"""The Jinja templates of the pages, with their filters and functions."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.templating import Jinja2Templates

from reading_club.app.notice_text import isolated
from reading_club.app.web.activity_sentences import sentence
from reading_club.app.web.books.covers import cover_of
from reading_club.app.web.languages import gettext, language, ngettext, number
from reading_club.app.web.static_files import static_url
from reading_club.app.web.times import exact, in_words, lasting

STYLES: Sequence[str] = (
    "tokens", "base", "layout", "controls", "covers", "shelf", "book", "activity", "contrast",
    "print",
)  # fmt: skip
"""The style sheets, in the order of their cascade."""

TRANSLATIONS = "jinja2.ext.i18n"
"""The extension for ``{% trans %}`` and ``_()``, whose sentences are in the catalogues."""


def xml_text(text: str) -> str:
    """Leave out the characters that no XML document may have, not even escaped."""
    return re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def counted(number: int, word: str) -> str:
    """Return a number with its English word, such as ``1 event`` or ``2 events``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def club_in(request: Request) -> dict[str, Any]:
    """Return the settings of the club, as they were read last, for the head of a page."""
    return {"club": request.app.state.application.club}


FILTERS: Mapping[str, object] = {
    "counted": counted,
    "exact": exact,
    "in_words": in_words,
    "isolated": isolated,
    "lasting": lasting,
    "number": number,
    "xml_text": xml_text,
}
FUNCTIONS: Mapping[str, object] = {
    "cover_of": cover_of,
    "language": language,
    "sentence": sentence,
    "static_url": static_url,
    "styles": STYLES,
}

templates = Jinja2Templates(Path(__file__).parent, context_processors=[club_in])
templates.env.trim_blocks = templates.env.lstrip_blocks = True
templates.env.policies["ext.i18n.trimmed"] = True
templates.env.add_extension(TRANSLATIONS)
templates.env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # of the extension
templates.env.filters.update(FILTERS)
templates.env.globals.update(FUNCTIONS)
