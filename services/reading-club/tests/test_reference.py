"""The reference pages of settings and commands, which are written from the code."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from reading_club.app.settings import Settings

ROOT = Path(__file__).parents[3]


@pytest.fixture
def reference() -> ModuleType:
    """The script that writes the pages."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / ".ci" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_those_of_the_code(reference: ModuleType) -> None:
    """Changed settings, commands and metrics are told: ``make docs`` writes their pages."""
    folder = ROOT / "docs" / "reference"

    assert (folder / "settings.md").read_text(encoding="utf-8") == reference.settings()
    assert (folder / "command-line.md").read_text(encoding="utf-8") == reference.commands()
    assert (folder / "metrics.md").read_text(encoding="utf-8") == reference.metrics()


def test_every_setting_is_described(reference: ModuleType) -> None:
    """Each setting has a sentence below it in its class, and a row on the page."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    for name in Settings.model_fields:
        assert f"`READING_CLUB_{name.upper()}`" in reference.settings()


def test_every_command_is_on_the_page(reference: ModuleType) -> None:
    """Commands, subcommands and their options are headings and rows; hidden ones are not."""
    page = reference.commands()

    assert "## `reading-club dead-letters retry [MESSAGE_ID]`" in page
    assert "| `--subscriber [activity\\|catalogue\\|imports\\|notices]` |" in page
    assert "| `--limit 1 to 1000` | Default: 50. |" in page
    assert "open-until-claimed" not in page
