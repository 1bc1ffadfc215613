"""The files of a contract: written for the published events, and compared with their classes."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

from messagebus import Event

from reading_club.eventstream.schemas.breaks import (
    Break,
    example_breaks,
    published,
    schema_breaks,
)
from reading_club.eventstream.schemas.example import example_message
from reading_club.eventstream.schemas.payload import payload_schema

EXAMPLE: Final = ".example.json"
_SCHEMA: Final = ".json"

Events = Collection[type[Event]]


class BreakingChange(ValueError):
    """A published event was changed in a way that breaks readers; nothing was written."""

    def __init__(self, breaks: list[Break]) -> None:
        super().__init__("\n".join(map(str, breaks)))
        self.breaks = breaks


def find_breaks(folder: Path, events: Events) -> list[Break]:
    """Return each change of the classes since the files were written that breaks readers.

    The folder may be that of an earlier release, which has no files of later events. Raises
    ValueError for a file that is not JSON.
    """
    breaks = list[Break]()
    paths = sorted(folder.glob(f"*{_SCHEMA}"), key=lambda path: (_is_example(path), path.name))
    for path in paths:
        type_ = path.name.removesuffix(EXAMPLE).removesuffix(_SCHEMA)
        if not _is_example(path):
            breaks += schema_breaks(type_, read_json(path), events)
        elif type_ not in {each.type for each in breaks}:
            breaks += example_breaks(type_, read_json(path), events)
    return breaks


def check_schemas(folder: Path, events: Events) -> list[str]:
    """Return a sentence for each break, and for each file that is missing or out of date.

    Raises ValueError for a file that is not JSON.
    """
    breaks = find_breaks(folder, events)
    broken = {each.type for each in breaks}
    return [*map(str, breaks), *_to_be_written(folder, events, broken)]


def write_schemas(folder: Path, events: Events) -> list[Path]:
    """Write the files of the published events, and return the paths of those that changed.

    An example that exists stays: it stands for the messages of the history. Raises BreakingChange,
    and ValueError for an event of which no example can be made; then nothing is written.
    """
    if breaks := find_breaks(folder, events):
        raise BreakingChange(breaks)
    texts = dict[Path, str]()
    for type_, event in published(events).items():
        texts[folder / f"{type_}{_SCHEMA}"] = as_text(payload_schema(event))
        example = folder / f"{type_}{EXAMPLE}"
        if not example.exists():
            texts[example] = as_text(example_message(event))
    new = [path for path, text in texts.items() if not _has(path, text)]
    folder.mkdir(parents=True, exist_ok=True)
    for path in new:
        path.write_text(texts[path], encoding="utf-8")
    return new


def as_text(value: Any) -> str:
    """Return the JSON text of a file: its keys are sorted, so that it changes with the value."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """Return the value in a file. Raises ValueError with the name of a file that is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise ValueError(f"{path.name} is not JSON: {exc}") from exc


def _to_be_written(folder: Path, events: Events, broken: set[str]) -> Iterator[str]:
    for type_, event in published(events).items():
        schema, example = folder / f"{type_}{_SCHEMA}", folder / f"{type_}{EXAMPLE}"
        for path in (schema, example):
            if not path.exists():
                yield f"{type_}: {path.name} is missing. Write the schemas, and commit them."
        if type_ not in broken and schema.exists() and read_json(schema) != payload_schema(event):
            yield (
                f"{type_}: {schema.name} is out of date, and no reader breaks. "
                "Write the schemas, and commit them."
            )


def _is_example(path: Path) -> bool:
    return path.name.endswith(EXAMPLE)


def _has(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
