"""The catalogues: each sentence of the pages has its translation, and none is left over."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from reading_club.app.web.languages import CATALOGUES
from reading_club.app.web.languages.extraction import sentences, updated

PLACEHOLDER = re.compile(r"%\((\w+)\)s|\{(\w+)[^}]*\}|(<[^>]*>)")
"""What a translation has as the sentence has it: the places of values, and markup."""


@pytest.fixture(params=sorted(CATALOGUES.glob("*.po")), ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """The file of a catalogue."""
    found: Path = request.param
    return found


@pytest.fixture
def catalogue(path: Path) -> Catalog:
    """A catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def forms(text: str | Sequence[str] | None) -> Sequence[str]:
    """Return the forms of a sentence, one if it has no number."""
    return [text] if isinstance(text, str) else text or ()


def places(text: str) -> set[str]:
    """Return the places of values in a text, and its markup."""
    return {"".join(found) for found in PLACEHOLDER.findall(text)}


def messages(catalogue: Catalog) -> list[Message]:
    """Return the messages but the header."""
    return [message for message in catalogue if message.id]


def test_the_catalogue_has_the_sentences_of_the_pages(catalogue: Catalog) -> None:
    """``make messages`` adds those that are missing, and drops those that nothing says."""
    assert {str(message.id) for message in messages(catalogue)} == {
        str(message.id) for message in messages(sentences())
    }
    assert catalogue.obsolete == {}


def test_the_catalogue_is_as_extraction_writes_it(path: Path) -> None:
    """``make messages`` changes nothing."""
    generator = re.compile(rb'"Generated-By: .*\n')

    assert generator.sub(b"", updated(path)) == generator.sub(b"", path.read_bytes())


def test_every_sentence_is_translated(catalogue: Catalog) -> None:
    """In each form that the language has for a number, by a person, without a doubt."""
    for message in messages(catalogue):
        translated = forms(message.string)
        assert len(translated) == (1 if isinstance(message.id, str) else catalogue.num_plurals)
        assert all(translated), message.id
        assert not message.fuzzy, message.id


def test_values_and_markup_stay(catalogue: Catalog) -> None:
    """A translation has the same places of values and tags, and ends no attribute of a page."""
    for message in messages(catalogue):
        english = set().union(*map(places, forms(message.id)))
        for translation in forms(message.string):
            assert places(translation) <= english, message.id
            assert '"' not in re.sub("<[^>]*>", "", translation), message.id
        assert places(forms(message.string)[-1]) == english, message.id


def test_nothing_is_shouted(catalogue: Catalog) -> None:
    """The club speaks calmly."""
    assert not [m.id for m in messages(catalogue) if any("!" in text for text in forms(m.string))]
