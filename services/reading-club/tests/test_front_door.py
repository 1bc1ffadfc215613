"""What a newcomer sees first: the README's first screen, the pages at the root, the workflows."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = [
    *(page for page in ROOT.glob("*.md") if page.name != "CHANGELOG.md"),
    *ROOT.glob(".github/*.md"),
    *ROOT.glob("docs/**/*.md"),
]
SHOWN = re.compile(r"(?:`|^\s*(?:- run: (?:sudo )?)?)make ([a-z. /-]+)", re.M)

every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)


def missing_targets(text: str) -> list[str]:
    """Return the make targets that a text shows and the Makefile does not have."""
    shown = {target for targets in SHOWN.findall(text) for target in targets.split()}
    return sorted(
        target for target in shown if not re.search(rf"^{target}:| {target}:", MAKEFILE, re.M)
    )


def test_the_first_screen_says_what_it_is() -> None:
    """The words that people search for, a picture, two commands and an example are at the top."""
    screen = (ROOT / "README.md").read_text(encoding="utf-8").split("## Try it")[0]
    opening = screen.split("```")[0]
    words = ("transactional outbox", "inbox", "Celery", "messagebus", "SQLAlchemy", "PostgreSQL")

    assert [word for word in words if word not in opening] == []
    assert "─ broker ─ worker ─" in screen
    assert re.findall(r"^make \w+", screen, re.M) == ["make run", "make test"]
    assert len(screen.splitlines()) < 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_target_on_a_page_is_in_the_makefile(page: Path) -> None:
    """A reader can run each ``make`` command that a page shows."""
    assert missing_targets(page.read_text(encoding="utf-8")) == []


@every_workflow
def test_a_workflow_calls_what_a_developer_calls(workflow: Path) -> None:
    """Its make targets exist, and there is at least one."""
    text = workflow.read_text(encoding="utf-8")

    assert SHOWN.findall(text)
    assert missing_targets(text) == []


@every_workflow
def test_an_action_is_pinned_by_its_commit(workflow: Path) -> None:
    """A tag can be moved to other code; the release is in a comment, of one commit everywhere."""
    uses = re.findall(r"uses: (.*)", workflow.read_text(encoding="utf-8"))
    all_uses = {use for path in WORKFLOWS for use in re.findall(r"uses: (.*)", path.read_text())}

    assert uses
    assert [u for u in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", u)] == []
    assert len(all_uses) == len({use.partition("@")[0] for use in all_uses})


def test_every_public_module_exists() -> None:
    """The modules that the page about stability promises can be imported."""
    page = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    modules = re.findall(r"^\| `(reading_club[\w.]+)` \|", page, re.M)

    assert len(modules) > 10
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


def test_no_file_but_the_lock_file_names_a_package_index() -> None:
    """Each user has the index of their own configuration."""
    index = "pypi" + ".org"
    options = ["--no-index", "--exclude-standard", "--files-with-matches", "--fixed-strings"]
    command = ["git", "grep", *options, index]

    found = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert found.stdout.split() == ["uv.lock"]
