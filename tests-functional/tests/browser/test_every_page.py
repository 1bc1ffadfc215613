"""Every page: names and roles, what axe says, on the narrowest phone, and with large text."""

from collections.abc import Callable
from typing import Final

import pytest
from playwright.async_api import Page

from reading_club_functional.browser.accessibility import file_of, findings, names_and_roles
from reading_club_functional.browser.keyboard import focus_problems
from reading_club_functional.browser.layout import too_wide
from reading_club_functional.browser.pages import SitePage, pages_with
from reading_club_functional.browser.site import Scheme, Site, View, Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

NARROWEST: Final = 320
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
BELOW_FOOTER: Final = """() => {
    const footer = document.querySelector("body > footer").getBoundingClientRect().bottom;
    return document.documentElement.scrollHeight - Math.max(footer, innerHeight);
}"""
"""A function that returns how many pixels a page goes on below its footer."""

SPACED: Final = """change => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important; } p { margin-bottom: 2em !important; }`);
    document.adoptedStyleSheets = change === "add" ? [sheet] : [];
}"""
"""A function that adds the spacing of text that WCAG asks for, or removes it."""
HIDING: Final = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
        * { outline: none !important; }
        body::after { content: ""; position: fixed; inset: 0; }
    `);
    document.adoptedStyleSheets = [sheet];
    document.querySelector("footer a").tabIndex = 1;
}"""
"""A function that covers a page, takes the rings of the focus away, and changes its order."""
WITHOUT_EDGE: Final = """() => [...document.querySelectorAll("button, input, textarea, select")]
    .filter(control => control.type !== "hidden" && control.type !== "radio")
    .filter(control => parseFloat(getComputedStyle(control).borderTopWidth) === 0)
    .map(control => control.outerHTML)
"""
"""A function that returns the controls without an edge."""

FAINTEST: Final = """() => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const luminance = colour => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map(
            part => part <= 10 ? part / 3294 : ((part / 255 + .055) / 1.055) ** 2.4
        );
        return .2126 * red + .7152 * green + .0722 * blue;
    };
    const contrast = (one, other) => {
        const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (bright + .05) / (dark + .05);
    };
    const paper = getComputedStyle(document.body).backgroundColor;
    const field = document.querySelector("input:not([type=hidden])");
    field.focus();
    const {borderTopColor, outlineColor, backgroundColor} = getComputedStyle(field);
    return Math.min(...[borderTopColor, outlineColor].flatMap(
        colour => [contrast(colour, paper), contrast(colour, backgroundColor)]
    ));
}"""
"""A function that returns the least contrast of a field's edge and ring with what is beside."""


each_page = pytest.mark.parametrize(
    ("books", "shown"), [(n, page) for n in (0, 60) for page in pages_with(n)], ids=str
)


@each_page
async def test_a_page_is_accessible(
    site_with: Callable[[int], Site], visit: Visit, books: int, shown: SitePage
) -> None:
    """Axe finds nothing, pages fit, the focus is seen, and names and roles are as they were read.

    ``make names-and-roles`` writes them anew.
    """
    site = site_with(books)
    page = await visit(site, View(NARROWEST), shown.role)
    await site.show(page, shown)

    assert await focus_problems(page) == []
    assert await names_and_roles(page) == file_of(shown, books).read_text(encoding="utf-8")
    await fits(page)
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        assert await findings(page) == ([], []), scheme


async def fits(page: Page) -> None:
    """Assert that a page fits 320 pixels, also with wide spacing, and 390 with large text."""
    assert await too_wide(page) == []
    await page.evaluate(SPACED, "add")
    assert await too_wide(page) == []
    await page.evaluate(SPACED, "remove")
    await page.evaluate("scrollTo(0, 0)")
    assert await page.evaluate(BELOW_FOOTER) < 1

    await page.set_viewport_size({"width": 390, "height": 844})
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert await too_wide(page) == []
    await page.evaluate("document.documentElement.style.fontSize = ''")


async def test_a_focus_that_nobody_sees_is_found(site: Site, visit: Visit) -> None:
    """What is covered, has no ring or comes out of order is a problem of the page."""
    page = await visit(site, View(NARROWEST))
    await page.goto("/")
    await page.evaluate(HIDING)

    problems = await focus_problems(page)

    assert {problem.split(":")[0] for problem in problems} == {"no ring", "covered", "out of order"}


@pytest.mark.parametrize("path", ["/", "/books/new", "/login"])
async def test_forced_colours_leave_edges_and_focus(site: Site, visit: Visit, path: str) -> None:
    """With the colours of the system, buttons and fields have an edge, and the focus is seen."""
    page = await visit(site)
    await page.emulate_media(forced_colors="active", reduced_motion="reduce")
    await page.goto(path)

    assert await page.evaluate(WITHOUT_EDGE) == []
    assert await focus_problems(page) == []
    assert await page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_edges_and_rings_have_contrast(site: Site, visit: Visit, scheme: Scheme) -> None:
    """The edge of a field and the ring of the focus have 3 to 1, with the page and the field."""
    page = await visit(site, View(scheme=scheme))
    await page.goto("/login")

    assert 3 <= await page.evaluate(FAINTEST) < 21
