"""The health check and numbers of ``docs/how-to/run-as-a-service.md`` are what the code takes."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from reading_club.app.alive_files import FRESH, AliveFile
from reading_club.app.cli import main
from reading_club.app.keep_alive import REPORT_EVERY
from reading_club.app.settings import Settings

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "run-as-a-service.md"
TEXT = PAGE.read_text(encoding="utf-8")


def block(language: str) -> str:
    """Return the page's first block in this language."""
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


def test_the_health_check_of_the_container_finds_the_worker() -> None:
    """It is unhealthy without a worker, and healthy beside one."""
    program, *arguments = json.loads(block("dockerfile").partition("CMD ")[2])
    assert program == "reading-club"
    without = CliRunner().invoke(main, arguments).exit_code
    file = AliveFile(Settings().alive_folder, "worker", "activity")
    file.touch()

    beside = CliRunner().invoke(main, arguments).exit_code
    file.remove()

    assert (without, beside) == (1, 0)


@pytest.mark.parametrize("name", ["READING_CLUB_STALLED_AFTER", "READING_CLUB_LOG_FORMAT"])
def test_the_settings_of_the_page_exist(name: str) -> None:
    """The page names no setting that was renamed."""
    assert name in TEXT
    assert name.removeprefix("READING_CLUB_").lower() in Settings.model_fields


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """How often a file is written, and when it is old."""
    assert f"write each {REPORT_EVERY:.0f} seconds" in TEXT
    assert f"A file of {FRESH:.0f} seconds" in TEXT
    assert f"({Settings.model_fields['stalled_after'].default:.0f} seconds)" in TEXT
