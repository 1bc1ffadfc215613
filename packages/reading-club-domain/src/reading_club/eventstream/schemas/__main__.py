"""The command ``python -m reading_club.eventstream.schemas``: writes or checks a folder."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from reading_club.eventstream.schemas.files import (
    Events,
    check_schemas,
    find_breaks,
    write_schemas,
)

_ACTIONS: Final = {
    "write": "write the files of the published events that are missing or out of date",
    "check": "compare the files with the classes",
    "compare": "look for breaks only: FOLDER is that of an earlier release",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if the files are written or nothing is wrong, else print sentences and return 1."""
    lines = "\n".join(f"  {name}: {text}" for name, text in _ACTIONS.items())
    parser = argparse.ArgumentParser(
        prog="python -m reading_club.eventstream.schemas",
        description="The contract of published events.",
        epilog=lines,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=_ACTIONS)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("events", metavar="MODULE:NAME", help="such as orders:EVENTS")
    options = parser.parse_args(arguments)
    try:
        sentences = _run(options.action, options.folder, _imported(options.events))
    except ValueError as exc:
        sentences = [str(exc)]
    sys.stdout.write("".join(f"{sentence}\n" for sentence in sentences))
    return 1 if sentences else 0


def _run(action: str, folder: Path, events: Events) -> list[str]:
    if action == "compare":
        return list(map(str, find_breaks(folder, events)))
    if action == "check":
        return check_schemas(folder, events)
    for path in write_schemas(folder, events):
        sys.stdout.write(f"wrote {path}\n")
    return []


def _imported(name: str) -> Events:
    module, _, attribute = name.partition(":")
    events = getattr(import_module(module), attribute or "EVENTS", None)
    if not events:
        raise ValueError(f"{module} has no events under the name {attribute or 'EVENTS'}")
    return tuple(events)


if __name__ == "__main__":
    sys.exit(main())
