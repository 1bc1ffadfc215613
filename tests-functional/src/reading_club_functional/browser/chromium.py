"""The system's Chromium, with an empty profile and without connections of its own."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


def chromium_path() -> str | None:
    """Return the path of Chromium or Chrome, or None if neither is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def missing_chromium() -> str | None:
    """Return how to install Chromium if it is missing, else None."""
    if chromium_path():
        return None
    return "Chromium is missing: make system-packages as root, or apt-get install chromium"


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Browser]:
    """Run Chromium without a window; as root without its sandbox, which root cannot have."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(),
            args=ARGUMENTS,
            chromium_sandbox=os.geteuid() != 0,
        )
        try:
            yield browser
        finally:
            await browser.close()
