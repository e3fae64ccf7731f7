"""A Chromium, for the tests that look at pages as a reader does."""

import contextlib
import os
import shutil

import pytest

NO_CALLS_HOME = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def chromium_path():
    """The system's Chromium, or the one that CHROMIUM names; None for Playwright's own."""
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def launched():
    playwright_api = pytest.importorskip("playwright.sync_api")
    # Chromium's own sandbox cannot start as root, which is what containers run as.
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*NO_CALLS_HOME, *(["--no-sandbox"] if as_root else [])]
    with playwright_api.sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        except playwright_api.Error as error:
            first_line = error.message.splitlines()[0]
            reason = f"no Chromium: install it, or set CHROMIUM to its path ({first_line})"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def chromium():
    """`with chromium() as browser:` opens one; while it is open, nothing else may use asyncio."""
    return launched
