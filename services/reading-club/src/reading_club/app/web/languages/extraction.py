"""Finds the sentences of pages in code and templates, and updates the catalogues.

That is ``make messages``. Found are the arguments of ``gettext``, ``N_`` and ``_``, ``{% trans %}``
in templates, the reasons with which refusals are raised, and the tables of sentences that other
packages have.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

import reading_club.domain
from reading_club.app.field_errors import DETAILS
from reading_club.app.web.languages import CATALOGUES
from reading_club.service.book_files.rows import FILE_REFUSALS

APP: Final = CATALOGUES.parents[1]
DOMAIN: Final = Path(next(iter(reading_club.domain.__path__)))
TABLES: Final = (*DETAILS.values(), *FILE_REFUSALS.values())
METHODS: Final = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
OPTIONS: Final = {"**.html": {"trimmed": "true", "silent": "false"}}
KEYWORDS: Final = {
    **DEFAULT_KEYWORDS,
    "InvalidIsbn": (1,),
    "NoMailServer": (1,),
    "NotAllowed": (1,),
    "PydanticCustomError": (2,),
}
"""Functions, and which of their arguments is a sentence; None is the first one."""

Sentence = str | tuple[str, ...]
"""A sentence, or the forms of one for a number."""


def _found() -> Iterator[tuple[str, Sentence]]:
    """Yield each sentence with the file that has it."""
    for folder in (APP, DOMAIN):
        for name, _, sentence, _, _ in extract_from_dir(
            folder, METHODS, OPTIONS, KEYWORDS, strip_comment_tags=False
        ):
            yield f"{folder.name}/{name}", sentence
    for sentence in TABLES:
        yield "tables", sentence


def sentences() -> Catalog:
    """Return a catalogue of the sentences, without translations."""
    catalogue = Catalog()
    for name, sentence in _found():
        catalogue.add(sentence, locations=[(name, 0)])
    return catalogue


def updated(path: Path) -> bytes:
    """Return the catalogue in this file with the sentences of today: new ones are empty."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    found = sentences()
    found.creation_date = catalogue.creation_date
    catalogue.update(found, no_fuzzy_matching=True, update_creation_date=False)
    content = BytesIO()
    write_po(
        content, catalogue, width=100, sort_by_file=True, ignore_obsolete=True, include_lineno=False
    )
    return content.getvalue()


def main() -> None:
    """Update each catalogue."""
    for path in sorted(CATALOGUES.glob("*.po")):
        path.write_bytes(updated(path))


if __name__ == "__main__":
    main()
