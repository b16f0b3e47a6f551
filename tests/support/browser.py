"""The browser of the tests, and how it is started."""

import shutil

import pytest

# The same engine without windows, toolbars and their own pages comes first: it takes a third of the processor's time.
BROWSERS = ("chromium-headless-shell", "/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox", "--headless=new", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


def find_browser() -> str:
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    return pytest.fail(
        "The browser tests need Chromium, and none was found. Install it with `apt-get install "
        "chromium-headless-shell`, or put `chromium` or `google-chrome` on the PATH."
    )
