"""The gate of published events, on a small repository: what was released or committed stays."""

import subprocess
from pathlib import Path
from typing import Annotated
from uuid import UUID

import pytest
from messagebus import Event, Metadata
from pydantic import Field, create_model
from schemas_check import FOLDER, Promise, broken_promises, committed, git, released

from reading_club.eventstream.schemas import payload_schema, write_schemas

MESSAGES = """\
from messagebus import Event, Metadata


class BookRegistered(Event):
    title: str
    author: str
    metadata: Metadata = Metadata(name="book_registered", schema_version=1, published=True)


class ShelfDusted(Event):
    metadata: Metadata = Metadata(name="shelf_dusted", schema_version=1)


EVENTS = (BookRegistered, ShelfDusted)
"""


TYPE = "book_registered_v1"


class BookRegistered(Event):
    """The event as it was released and committed."""

    title: str
    author: str
    metadata: Metadata = Metadata(name="book_registered", schema_version=1, published=True)


class BookWithPages(BookRegistered):
    """The event with a field that may be missing."""

    pages: int = 0


class BookWithAuthors(Event):
    """The event with a change that breaks readers."""

    title: str
    authors: list[str]
    metadata: Metadata = Metadata(name="book_registered", schema_version=1, published=True)


def commit(root: Path, subject: str) -> str:
    """Commit all files, and return the id of the commit."""
    git(root, "add", "--all")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    git(root, *who, "commit", "--quiet", "--allow-empty", "-m", subject)
    return git(root, "rev-parse", "HEAD").strip()


def rewrite(root: Path, event: type[Event]) -> None:
    """Delete the files, and write them again with the changed classes."""
    for path in (root / FOLDER).iterdir():
        path.unlink()
    write_schemas(root / FOLDER, [event])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a repository: a release without schemas, and then their files on the main branch."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    messages = tmp_path / FOLDER.parent / "messages.py"
    messages.parent.mkdir(parents=True)
    (messages.parent / "__init__.py").touch()
    messages.write_text(MESSAGES, encoding="utf-8")
    release = commit(tmp_path, "the release")
    text = f'[[release]]\nversion = "0.1.0"\ncommit = "{release}"\n'
    (tmp_path / "releases.toml").write_text(text, encoding="utf-8")
    write_schemas(tmp_path / FOLDER, [BookRegistered])
    commit(tmp_path, "the schemas")
    return tmp_path


def sentences(root: Path, event: type[Event]) -> list[tuple[str, str]]:
    """Return where each break is otherwise, and the beginning of its sentence."""
    broken = broken_promises([*released(root), *committed(root)], [event])
    return [(where, sentence.split(":")[1].strip()) for sentence, where in broken.items()]


def test_an_event_that_was_not_changed_breaks_no_promise(root: Path) -> None:
    """A field that may be missing is no break either."""
    assert sentences(root, BookRegistered) == []
    assert sentences(root, BookWithPages) == []


def test_a_release_without_schemas_is_compared_by_its_classes(root: Path) -> None:
    """Deleting the files and their history would not help; what is not published is left out."""
    assert [(each.where, each.event_type) for each in released(root)] == [("0.1.0", TYPE)]
    broken = broken_promises(list(released(root)), [BookWithAuthors])

    assert [sentence.split(":")[1] for sentence in broken] == [
        " author is gone",
        " authors is new and required",
    ]


def test_a_change_that_was_made_on_purpose_is_accepted() -> None:
    """Limits of texts went after 0.1.0, and no other change is accepted with them."""
    limited = Annotated[str, Field(max_length=300)]
    event = create_model("BookRegistered", __base__=BookRegistered, title=limited, author=UUID)
    schema = payload_schema(event)

    (author,) = broken_promises([Promise("0.1.0", TYPE, schema)], [BookRegistered])
    both = broken_promises([Promise("main", TYPE, schema)], [BookRegistered])

    assert author.startswith(f"{TYPE}: author was string (uuid) and is string")
    assert len(both) == 2


def test_files_that_were_written_again_do_not_help(root: Path) -> None:
    """What is on the main branch counts, also after the change was committed there."""
    rewrite(root, BookWithAuthors)
    changed = broken_promises(list(committed(root)), [BookWithAuthors])
    commit(root, "a break")
    again = broken_promises(list(committed(root)), [BookWithAuthors])

    assert any("author is gone" in sentence for sentence in changed)
    assert changed == again
    assert set(again.values()) == {"main"}


def test_a_version_may_change_until_it_is_on_the_main_branch(root: Path) -> None:
    """The drafts of a branch are no promises, and neither are they after its merge."""

    class Draft(Event):
        page: str
        metadata: Metadata = Metadata(name="page_read", schema_version=1, published=True)

    class PageRead(Event):
        page: int
        metadata: Metadata = Metadata(name="page_read", schema_version=1, published=True)

    git(root, "checkout", "--quiet", "-b", "draft")
    for event in (Draft, PageRead):
        for path in (root / FOLDER).glob("page_read*"):
            path.unlink()
        write_schemas(root / FOLDER, [BookRegistered, event])
        commit(root, "a draft")
    on_branch = broken_promises(list(committed(root)), [BookRegistered, PageRead])
    git(root, "checkout", "--quiet", "main")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    git(root, *who, "merge", "--quiet", "--no-ff", "-m", "the event", "draft")

    assert on_branch == {}
    assert broken_promises(list(committed(root)), [BookRegistered, PageRead]) == {}
    assert len(broken_promises(list(committed(root)), [BookRegistered, Draft])) == 2


def test_without_a_main_branch_all_commits_of_the_checkout_count(root: Path) -> None:
    """A clone of one commit has no branches."""
    git(root, "checkout", "--quiet", "--detach")
    git(root, "branch", "--quiet", "-D", "main")

    assert any(
        "author is gone" in s for s in broken_promises([*committed(root)], [BookWithAuthors])
    )


def test_a_release_that_is_not_in_the_clone_is_an_error(root: Path) -> None:
    """Nothing is compared silently with nothing."""
    text = f'[[release]]\nversion = "0.2.0"\ncommit = "{"0" * 39}1"\n'
    (root / "releases.toml").write_text(text, encoding="utf-8")

    with pytest.raises(SystemExit, match="fetch the whole history"):
        list(released(root))
    with pytest.raises(subprocess.CalledProcessError):
        git(root, "log", "no-such-branch")
