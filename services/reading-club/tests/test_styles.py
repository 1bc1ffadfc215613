"""The style sheets: their size, their links, and how long browsers keep them."""

import re
from pathlib import Path
from statistics import median

import pytest
from fastapi.testclient import TestClient

from reading_club.app.web.static_files import STATIC, static_url, version_of
from reading_club.app.web.templates import STYLES

SHEETS = sorted(STATIC.glob("*.css"))


def test_the_style_sheets_are_few_and_small() -> None:
    """At most 12 sheets, under 15 kB in all, half of them under 60 lines."""
    texts = [sheet.read_text(encoding="utf-8") for sheet in SHEETS]

    assert 0 < len(texts) <= 12
    assert sum(len(text.encode()) for text in texts) < 15_000
    assert median(text.count("\n") for text in texts) < 60


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_a_sheet_belongs_to_a_layer(sheet: Path) -> None:
    """Every sheet is linked, and has its rules in a layer of the cascade."""
    order = re.findall(r"@layer ([\w, ]+);", (STATIC / "tokens.css").read_text(encoding="utf-8"))
    rules = re.sub(r"/\*.*?\*/|@layer [\w, ]+;", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    layers = re.findall(r"^@layer (\w+) \{$", rules, re.M)

    assert sheet.stem in STYLES
    assert len(layers) == 1
    assert layers[0] in order[0].split(", ")
    assert re.fullmatch(r"\s*@layer \w+ \{\n(?:(?:  .*)?\n)*\}\s*", rules)


def test_every_custom_property_is_defined() -> None:
    """A sheet uses no colour, size or line that none of the sheets defines."""
    text = "".join(sheet.read_text(encoding="utf-8") for sheet in SHEETS)

    used = set(re.findall(r"var\((--[\w-]+)", text))
    assert used
    assert used <= set(re.findall(r"(--[\w-]+):", text))


def test_pages_link_the_sheets_by_their_content(client: TestClient) -> None:
    """The links have a hash, and what they lead to is kept for a year."""
    page = client.get("/").text
    links = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page)

    assert links == [static_url(f"{name}.css") for name in STYLES]
    for link in links:
        answer = client.get(link)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789ab", "?w=1"])
def test_another_link_is_asked_again(client: TestClient, query: str) -> None:
    """The link of another release does not keep this release's file."""
    answer = client.get(f"/static/base.css{query}")

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


def test_what_is_not_there_is_not_kept(client: TestClient) -> None:
    """404 has no long cache header, and a file that has not changed keeps its header."""
    version = version_of("base.css")
    known = client.get("/static/base.css", params={"v": version})
    again = client.get(
        "/static/base.css",
        params={"v": version},
        headers={"If-None-Match": known.headers["etag"]},
    )

    assert client.get(f"/static/none.css?v={version}").headers.get("cache-control") is None
    assert again.status_code == 304
    assert "immutable" in again.headers["cache-control"]
