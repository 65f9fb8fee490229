"""`python -m tests.browser.pictures`: the four pictures of the README, taken from the running demo."""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.browser.people import Admin, Agent, Inspector, Passenger
from tests.browser.stage import PHONE, Stage, running_demo, until
from tests.demo.world import ROOT
from tests.support.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = ROOT / "docs" / "start"
KIOSK = {"width": 1280, "height": 800}
GATE = {"width": 1024, "height": 580}
CONSOLE_HEIGHT = 420
MOST_BYTES = 200_000
STOP, STOP_EN = "青湾码头客运站", "Qingwan Pier Coach Stop"


def take(stage: Stage, folder: Path) -> None:
    """A day in small: some seats are sold, one is being paid, a passenger boards, the admin looks at the nodes."""
    trip_no, day = stage.demo.plan.coach_trips[2], stage.demo.plan.day
    admin = Admin(stage)
    until(admin.up_to_date, "all nodes to have their seats")
    agent = Agent(stage, "village")
    bought = [agent.sell(STOP, day, trip_no) for _ in range(2)]
    paying = Passenger(stage, "village")
    paying.look_for_seats(STOP, day, trip_no)
    paying.order()

    passenger = Passenger(stage, "village", "en", KIOSK)
    passenger.look_for_seats(STOP_EN, day, trip_no)
    keep(passenger.page, folder / "kiosk-seats.png")

    inspector = Inspector(stage, "coach-1", "en", GATE)
    inspector.choose(trip_no, day)
    for one in bought:
        inspector.scan(one.code)
    keep(inspector.page, folder / "gate-green.png")

    phone = stage.open(PHONE, "en", scripts=False)
    phone.goto(f"http://127.0.0.1:{stage.demo.plan.ports['portal']}/")
    keep(phone, folder / "portal-trip.png")

    until(admin.up_to_date, "every log to reach the hub")
    admin.page.set_viewport_size({"width": KIOSK["width"], "height": CONSOLE_HEIGHT})
    keep(admin.page, folder / "console-nodes.png")


def keep(page: Page, path: Path) -> None:
    """What the screen shows, as a small file."""
    page.wait_for_load_state("networkidle")
    with Image.open(io.BytesIO(page.screenshot())) as image:
        image.convert("RGB").quantize(192, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    assert size <= MOST_BYTES, f"{path.name} has {size} bytes"
    print(f"{path} {size} bytes")


def main(argv: list[str]) -> int:
    """Exit code 0 when all four are written."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("--into", type=Path, default=FOLDER, help="the folder that they are written to")
    folder = parser.parse_args(argv).into
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running_demo(Path(data)) as demo, chromium() as browser:
        take(Stage(browser, demo), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
