"""What the people of these tests need: a running demo, a way to wait, a camera for QR codes, an ear for complaints."""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import zxingcpp
from PIL import Image

from tests.demo.setup import SAMPLE, Demo

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PATIENCE_S = 60.0
PATIENCE_MS = 20_000
MOST_BYTES = 150_000
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


@contextlib.contextmanager
def running_demo(folder: Path, whole: bool = False) -> Iterator[Demo]:
    """The demo as `./yipiao demo` starts it, on ports and data of its own, for as long as the block runs. ``whole``: with
    shifts and names, as the story wants it."""
    strays = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("YIPIAO_")}
    demo = Demo(folder, SAMPLE, lambda text: None, own_ports=True)
    demo.shifts = demo.names = whole
    try:
        demo.prepare()
        demo.start()
        yield demo
    finally:
        demo.stop()
        os.environ.update(strays)


def until(done: Callable[[], bool], what: str) -> None:
    """Return once ``done`` holds; it looks at something outside (a page, a process), so it is not asked in a hurry."""
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end, f"waited {PATIENCE_S:.0f} s for {what}"
        time.sleep(0.1)


def follow(page: Page, selector: str) -> None:
    """Click what leads to another page, or sends a form, and wait for that page: on a slow machine the one before would be
    read else."""
    with page.expect_navigation():
        page.click(selector)


def photograph(picture: Locator) -> bytes:
    """A photograph of what stands on a screen."""
    return picture.screenshot()


def keep(page: Page, path: Path) -> None:
    """What the screen shows, as a small file."""
    page.wait_for_load_state("networkidle")
    page.evaluate("scrollTo(0, 0)")
    with Image.open(io.BytesIO(page.screenshot())) as image:
        image.convert("RGB").quantize(192, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    assert size <= MOST_BYTES, f"{path.name} has {size} bytes"
    print(f"{path} {size} bytes")


def read_code(photo: bytes) -> str:
    """The text of the one QR in a photograph, as a phone's camera reads it."""
    with Image.open(io.BytesIO(photo)) as image:
        found = [code.text for code in zxingcpp.read_barcodes(image.convert("L"))]
    assert len(found) == 1, f"{len(found)} codes in the picture"
    return str(found[0])


class Stage:
    """Opens pages for people and keeps what the browser complained of: blocked scripts and styles, errors of ours."""

    def __init__(self, browser: Browser, demo: Demo) -> None:
        self.browser, self.demo = browser, demo
        self.complaints: list[str] = []

    def address(self, name: str) -> str:
        """Where a node of the demo, or its hub, listens."""
        return f"http://127.0.0.1:{self.demo.plan.ports[name]}"

    def open(self, size: dict[str, int], language: str = "zh-CN", scripts: bool = True) -> Page:
        """A page of somebody who was never here before."""
        context = self.browser.new_context(
            locale=language,
            viewport={"width": size["width"], "height": size["height"]},
            java_script_enabled=scripts,
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._hear(message.type, message.text))
        return page

    def close(self) -> None:
        """Everybody goes home."""
        for context in self.browser.contexts:
            context.close()

    def _hear(self, kind: str, text: str) -> None:
        # A refused page is an answer like another one, and the tests look at its words.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.complaints.append(text)
