"""The dashboard and the alert rules use metrics and labels that exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs would be for this test alone

from reading_club.app.metrics.names import NAMESPACE
from reading_club.app.metrics.process import ProcessMetrics
from reading_club.app.metrics.state import NAMES

FOLDER: Final = Path(__file__).parents[3] / "docs" / "monitoring"
SUFFIXES: Final = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count")}
SCRAPED: Final = {"instance", "job"}
"""Labels that Prometheus adds."""
ROWS: Final = ["Events on their way", "Subscribers", "Commands", "Broker"]
HEADINGS: Final = {
    "events-are-late",
    "a-subscriber-is-behind",
    "dead-letters-appear",
    "the-broker-is-away",
    "the-database-is-full",
}


def known() -> dict[str, set[str]]:
    """Return the labels of each sample, by its name."""
    made = [*ProcessMetrics("web").make.made, *(("gauge", named) for named in NAMES)]
    return {
        f"{NAMESPACE}_{named.name}{suffix}": {
            *named.labels,
            *(("le",) if suffix == "_bucket" else ()),
        }
        for kind, named in made
        for suffix in SUFFIXES[kind]
    }


def rules() -> list[dict[str, Any]]:
    """Return the alert rules."""
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Return the panels of the dashboard."""
    text = (FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["panels"]
    return found


def expressions() -> Iterator[str]:
    """Yield the expressions of both files."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel.get("targets", ()))


@pytest.mark.parametrize("expression", list(expressions()))
def test_an_expression_uses_what_exists(expression: str) -> None:
    """Each sample is exported, with the labels that are asked for; brackets are in pairs."""
    samples = set(re.findall(rf"{NAMESPACE}_\w+", expression))
    of_samples = set[str]().union(*(known()[sample] for sample in samples))
    asked = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)\s*\"", expression))
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        asked |= {label.strip() for label in group.split(",")}

    assert samples
    assert asked <= of_samples | SCRAPED
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)
    for counter in (sample for sample in samples if sample.endswith(("_total", "_bucket"))):
        assert re.search(rf"(?:rate|increase)\({counter}(?:{{[^}}]*}})?\[", expression)


def test_the_dashboard_has_its_rows() -> None:
    """The order is that of an event's way; no two panels share an id or a place."""
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()}

    assert [panel["title"] for panel in panels() if panel["type"] == "row"] == ROWS
    assert len({panel["id"] for panel in panels()}) == len(panels())
    assert len(places) == len(panels())


def test_what_is_measured_is_looked_at() -> None:
    """All metrics but two are in the dashboard or in an alert."""
    used = " ".join(expressions())
    unused = {name for name in known() if name not in used and not name.endswith("_count")}

    assert unused == {"reading_club_bus_messages_total", "reading_club_events_dead_lettered_total"}


def test_each_alert_leads_to_its_heading() -> None:
    """The links lead to headings of the page on operating, and each heading has an alert."""
    links = [rule["annotations"]["runbook_url"] for rule in rules()]

    page = (FOLDER.parent / "how-to" / "operate.md").read_text(encoding="utf-8")
    headings = {
        line[3:].lower().replace(" ", "-") for line in page.splitlines() if line[:3] == "## "
    }
    assert all("docs/how-to/operate.md#" in link for link in links)
    assert {link.partition("#")[2] for link in links} == HEADINGS
    assert headings >= HEADINGS
    assert all(rule["annotations"]["summary"] for rule in rules())


def test_the_page_on_operating_names_what_is_exported() -> None:
    """An operator who looks for a metric of the page finds it in Prometheus."""
    page = (FOLDER.parent / "how-to" / "operate.md").read_text(encoding="utf-8")
    named = set(re.findall(rf"\b{NAMESPACE}_[a-z_]+", page))

    assert named
    assert named <= known().keys() | {name.removesuffix("_bucket") for name in known()}
