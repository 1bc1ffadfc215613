"""What axe says of a page."""

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped] # has no types
from playwright.async_api import Page


async def violations(page: Page) -> list[str]:
    """Return the rules of axe that the page violates, each with the elements that do."""
    results = await Axe().run(page)
    return [
        f"{rule['id']}: {rule['help']}: {[node['html'] for node in rule['nodes']]}"
        for rule in results.response["violations"]
    ]
