"""The page of a plan in a browser: Chromium without a window, asked through its debugging pipe."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plans import plan_of
from vmdsl.review.page import State, page

pytestmark = pytest.mark.integration

_CHROMIUM = "chromium-headless-shell"
CLOUD = Path(__file__).parents[2] / "recipes" / "cloud.py"


class Browser:
    """A page that is open in a browser."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers = requests, answers
        self._rest = b""
        self._number = 0
        self._session = ""
        #: What the browser said of its own accord.
        self.events: list[Any] = []

    def ask(self, method: str, **parameters: object) -> Any:
        """Return the answer to a command of the DevTools protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._requests, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _next(self) -> Any:
        while b"\0" not in self._rest:
            read = os.read(self._answers, 65536)
            assert read, "the browser has ended"
            self._rest += read
        one, _, self._rest = self._rest.partition(b"\0")
        return json.loads(one)

    def show(self, file: Path) -> None:
        """Open a file in a new page, and wait until it is there."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        self.events.clear()
        self.ask("Page.navigate", url=file.as_uri())
        while "Page.loadEventFired" not in [event["method"] for event in self.events]:
            self.events.append(self._next())

    def value(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def width(self, pixels: int) -> None:
        """Give the window a width."""
        sizes = {"width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **sizes)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The page of a plan, of which the first operation is in the cache."""
    folder = tmp_path_factory.mktemp("page")
    states = [State(how="cached"), State(how="", reason="argument `packages` changed: + curl")]
    file = folder / "plan.html"
    file.write_text(page(plan_of(CLOUD, "cloud"), states), encoding="utf-8")
    theirs, requests = os.pipe()
    answers, ours = os.pipe()
    options = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--no-first-run", f"--user-data-dir={folder}/profile", "--remote-debugging-pipe"),
    )
    process = subprocess.Popen(  # the pipe is on descriptors 3 and 4
        ["bash", "-c", f'exec "$0" "$@" 3<&{theirs} 4>&{ours}', _CHROMIUM, *options],
        pass_fds=(theirs, ours),
        env={**os.environ, "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    os.close(ours)
    made = Browser(requests, answers)
    try:
        made.show(file)
        yield made
    finally:
        process.kill()
        process.wait()
        os.close(requests)
        os.close(answers)


def test_nothing_else_is_loaded_and_nothing_is_complained_about(browser: Browser) -> None:
    assert browser.value("document.title") == "Plan of cloud.py"
    kinds = [event["method"] for event in browser.events]
    assert kinds.count("Network.requestWillBeSent") == 1
    assert not {"Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"} & {*kinds}


def test_operations_open_to_their_scripts(browser: Browser) -> None:
    script = (
        "[...document.querySelectorAll('pre')].find(e => /^apt-get clean/m.test(e.textContent))"
    )
    assert browser.value(f"{script}.checkVisibility()") is False
    browser.value(f"{script}.closest('details').querySelector('summary').click()")
    assert browser.value(f"{script}.checkVisibility()") is True
    assert browser.value(f"{script}.getBoundingClientRect().height") > 100
    text = browser.value(f"{script}.textContent")
    assert text.startswith("# remove what an image should not carry\napt-get clean\n")


def test_the_disk_is_to_scale(browser: Browser) -> None:
    browser.width(1200)
    widths = "[...document.querySelectorAll('.part')].map(e => e.getBoundingClientRect().width)"
    bios, esp, root = browser.value(widths)
    assert min(bios, esp) >= 20  # so that one sees them
    assert root > 1000
    shown = browser.value("document.querySelectorAll('.part')[2].innerText")
    assert shown.split() == ["3", "root", "3005", "MiB"]


@pytest.mark.parametrize("pixels", [360, 800, 1600])
def test_no_page_is_wider_than_its_window(browser: Browser, pixels: int) -> None:
    browser.width(pixels)
    browser.value("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert browser.value("document.documentElement.scrollWidth") <= pixels


def test_the_state_of_the_cache_is_at_the_operations(browser: Browser) -> None:
    tags = "[...document.querySelectorAll('summary .tag')].map(e => e.textContent)"
    assert browser.value(tags) == ["cached", "to do"]
    summary = "document.querySelector('.todo').closest('summary').innerText"
    assert "argument `packages` changed: + curl" in browser.value(summary)
