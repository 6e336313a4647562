"""Pages in headless Chromium; where there is none, the tests say so and are skipped, or fail if one was promised."""

import os
import shutil
from pathlib import Path

import pagelab
import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
WITHOUT_NETWORK = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def missing(what):
    if os.environ.get("EQUIPOISE_REQUIRE_BROWSER"):
        pytest.fail(f"{what}, but EQUIPOISE_REQUIRE_BROWSER asks for the tests of pages")
    pytest.skip(f"{what}: pages are not opened; install Chromium and the extra 'test'")


@pytest.fixture(scope="session")
def browser():
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing("no Chromium was found")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(WITHOUT_NETWORK))
        yield browser
        browser.close()


class Tab:
    """A page in a window of its own, and all that it said, asked for or popped up."""

    def __init__(self, browser, path, width=1280, scheme="light"):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    @property
    def strangers(self):
        """Whatever was asked for beside the file itself and what is in it."""
        return [url for url in self.asked if not url.startswith(("file:", "data:"))] + [
            url for url in self.asked if url.startswith("file:") and not url.endswith(".html")
        ]


@pytest.fixture
def open_page(browser):
    """Opens pages; afterwards none may have complained, asked for anything, or shown a dialog."""
    tabs = []

    def open_it(path, **options):
        tabs.append(Tab(browser, Path(path).resolve(), **options))
        return tabs[-1].page

    yield open_it
    for tab in tabs:
        assert tab.said == []
        assert tab.strangers == []
        tab.context.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Every kind of page by name, each made once."""
    return pagelab.all_pages(tmp_path_factory.mktemp("pages"))
