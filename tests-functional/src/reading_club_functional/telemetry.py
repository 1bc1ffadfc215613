"""What a process tells of its work: settings that let it tell all, and what it has told.

It is its log in JSON, its metrics as Prometheus scrapes them, and its spans in a file.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from reading_club_functional.servers.ports import free_ports

FILE = "file:"
Line = dict[str, Any]
"""A line of a log, or a span."""


def observed_settings(folder: Path, role: str) -> dict[str, str]:
    """Return settings for one process: a log in JSON, a free port for metrics, a file of spans.

    The file is in `folder` and begins with the role; no other process writes to it.
    """
    (port,) = free_ports(1)
    spans = f"{FILE}{folder / f'{role}-{port}.spans'}"
    return {"log_format": "json", "metrics_port": str(port), "traces": spans}


class Scraped(dict[str, float]):
    """The samples of one process, by name and labels; a missing one is 0."""

    def __missing__(self, _: str) -> float:
        return 0.0


def scrape(port: str) -> Scraped:
    """Return the samples that a process serves on this port."""
    text = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text
    samples = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return Scraped({name.removeprefix("reading_club_"): float(value) for name, value in samples})


def spans_of(settings: Mapping[str, str]) -> list[Line]:
    """Return the spans that the process with these settings has written so far."""
    return json_lines(Path(settings["traces"].removeprefix(FILE)).read_text(encoding="utf-8"))


def json_lines(text: str) -> list[Line]:
    """Return the objects of a text with one a line. Raises ValueError for any other line."""
    return [json.loads(line) for line in text.splitlines()]
