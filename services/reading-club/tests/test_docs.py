"""The pages in docs: modules, files, functions and links that they name exist."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
SOURCES = [*ROOT.glob("packages/*/src/reading_club"), *ROOT.glob("services/*/src/reading_club")]
STEP = re.compile(r"\| `([\w/]+\.py)` \| `([\w.]+)` \|")
PAGES = sorted(
    page
    for pattern in ("*.md", ".github/*.md", "docs/**/*.md", "packages/*/*.md", "services/*/*.md")
    for page in ROOT.glob(pattern)
)
MOST_FILES = 38
"""The limit of files through which one event goes, from the request to its effect."""


def text_of(page: str) -> str:
    """Return the text of a page in docs."""
    return (DOCS / page).read_text(encoding="utf-8")


def source(path: str) -> Path:
    """Return the one file with this path below ``reading_club``."""
    (found,) = [folder / path for folder in SOURCES if (folder / path).is_file()]
    return found


def definitions(path: Path) -> set[str]:
    """Return the names of classes and functions, and ``Class.method``, of a file."""
    names = set[str]()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (ast.FunctionDef, ast.AsyncFunctionDef)
            names |= {f"{node.name}.{m.name}" for m in node.body if isinstance(m, methods)}
    return names


def test_every_module_of_the_glossary_exists() -> None:
    """The glossary explains each word once, with a module that exists."""
    rows = re.findall(
        r"^\| ([\w -]+) \| .+ \| `(reading_club[\w.]+)` \|$", text_of("glossary.md"), re.M
    )
    words = [word for word, _ in rows]

    assert len(words) > 30
    assert len(words) == len(set(words))
    assert [m for _, m in rows if importlib.util.find_spec(m) is None] == []


@pytest.mark.parametrize(("file", "name"), STEP.findall(text_of("eventstream.md")))
def test_every_step_of_an_event_exists(file: str, name: str) -> None:
    """Each step on the page about the event stream names a function or class of its file."""
    assert name in definitions(source(file))


def test_the_way_of_an_event_is_short() -> None:
    """From the request to the effect there are at most 38 files, and each is entered once."""
    way, _ = text_of("eventstream.md").split("What fails or gets lost")
    files = [file for file, _ in STEP.findall(way)]

    assert len(files) > 25
    assert len(files) == len(set(files)) <= MOST_FILES


def test_the_files_of_the_reconciler_exist() -> None:
    """The page about the reconciler names files and functions that exist."""
    page = text_of("reconciler.md")
    files = re.findall(r"`reading_club/([\w/]+\.py)`", page)
    defined = set[str]().union(*(definitions(source(file)) for file in files))

    assert len(files) == 5
    assert {"behind", "SQLSubscriptions._progress_cutoff", "Reconciler.run_once"} <= defined


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    """A relative link on a page leads to a file of the repository, and to a heading of it."""
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", prose_of(page))

    for link in links:
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link


def prose_of(page: Path) -> str:
    """Return the text of a page without its blocks of code."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def headings(page: Path) -> set[str]:
    """Return the names by which a link leads to the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", prose_of(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
