"""Compare the published events with those of each release and of the main branch.

The files in ``reading_club/domain/schemas`` alone would not stop a change of a published version:
they can be deleted, and written again with the class. So the classes are compared with those of
each release in ``releases.toml``, and with each text that a file has had on the main branch.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api_check import ROOT, extract
from messagebus import Event

from reading_club.domain.messages import EVENTS
from reading_club.eventstream.schemas import (
    Break,
    check_schemas,
    example_breaks,
    payload_of,
    schema_breaks,
)

FOLDER = Path("packages/reading-club-domain/src/reading_club/domain/schemas")
EXAMPLE = ".example.json"
MAIN = ("origin/main", "main")
PRINT_SCHEMAS = """
import json
from reading_club.domain.messages import EVENTS
print(json.dumps([event.model_json_schema(mode="serialization") for event in EVENTS]))
"""


ACCEPTED = {
    "0.1.0": re.compile(r"\w+: (title|author|nickname|comment) has m(ax|in)Length unlimited,"),
}
"""Changes since a release that were made on purpose: readers of 0.1.0 refuse texts beyond the
limits of the commands, which the commands still have, so that no such text is written."""


@dataclass(frozen=True)
class Promise:
    """A schema or an example that was released or committed."""

    where: str
    event_type: str
    content: Any
    is_example: bool = False

    def breaks(self, events: Collection[type[Event]]) -> list[Break]:
        """Return what the classes have changed since."""
        compare = example_breaks if self.is_example else schema_breaks
        return compare(self.event_type, self.content, events)


def git(root: Path, *arguments: str) -> str:
    """Run git, and return what it prints. Raises CalledProcessError."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def released(root: Path) -> Iterator[Promise]:
    """Yield the schemas of each release, made of its classes by today's pydantic."""
    releases = tomllib.loads((root / "releases.toml").read_text(encoding="utf-8"))["release"]
    for release in releases:
        with tempfile.TemporaryDirectory() as temporary:
            extract(release["commit"], Path(temporary), root)
            sources = Path(temporary) / "packages" / "reading-club-domain" / "src"
            printed = subprocess.run(
                [sys.executable, "-c", PRINT_SCHEMAS],
                env={**os.environ, "PYTHONPATH": str(sources)},
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout
        for schema in json.loads(printed):
            metadata = schema["properties"]["metadata"]["default"]
            if metadata["published"]:
                type_ = f"{metadata['name']}_v{metadata['schema_version']}"
                yield Promise(release["version"], type_, payload_of(schema))


def on_main(root: Path) -> list[str]:
    """Return where the checkout left the main branch; the checkout itself if it has none."""
    bases = list[str]()
    for branch in MAIN:
        try:
            bases.append(git(root, "merge-base", "HEAD", branch).strip())
        except subprocess.CalledProcessError:  # no such branch here
            continue
    return bases or ["HEAD"]


def committed(root: Path) -> Iterator[Promise]:
    """Yield each content that a file of the folder has had on the main branch."""
    options = ("--first-parent", "-m", "--raw", "--no-abbrev", "--no-renames", "--format=")
    log = git(root, "log", *options, *on_main(root), "--", str(FOLDER))
    changes = {tuple(line.split("\t")) for line in log.splitlines() if line}
    contents = {(Path(path).name, fields.split()[3]) for fields, path in changes}
    for name, blob in sorted(contents):
        if set(blob) != {"0"}:  # not deleted
            type_ = name.removesuffix(EXAMPLE).removesuffix(".json")
            content = json.loads(git(root, "cat-file", "blob", blob))
            yield Promise("main", type_, content, name.endswith(EXAMPLE))


def broken_promises(
    promises: Collection[Promise], events: Collection[type[Event]]
) -> dict[str, str]:
    """Return a sentence for each break, with the release or the branch that has it otherwise."""
    found = dict[str, str]()
    for promise in promises:
        accepted = ACCEPTED.get(promise.where)
        for sentence in map(str, promise.breaks(events)):
            if not (accepted and accepted.match(sentence)):
                found.setdefault(sentence, promise.where)
    return found


def main() -> None:
    """Print each break and each file that is out of date, and exit with 1 if there is one."""
    promises = [*released(ROOT), *committed(ROOT)]
    broken = broken_promises(promises, EVENTS)
    stale = [each for each in check_schemas(ROOT / FOLDER, EVENTS) if each not in broken]
    print(f"{len(promises)} schemas and examples of releases and of the main branch compared")
    for sentence, where in broken.items():
        print(f"since {where}: {sentence}")
    for sentence in stale:
        print(sentence)
    if broken or stale:
        sys.exit("published events are not as their schemas: see docs/how-to/change-an-event.md")


if __name__ == "__main__":
    main()
