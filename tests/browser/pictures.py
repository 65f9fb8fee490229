"""`python -m tests.browser.pictures`: the pictures of the README and of docs/start, taken from the running demo."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.browser.album import Album
from tests.browser.people import Admin, Agent, Inspector, Passenger
from tests.browser.stage import PHONE, Stage, keep, running_demo, until
from tests.demo import checker
from tests.demo.story import Story
from tests.demo.world import ROOT
from tests.support.browser import chromium

FOLDER = ROOT / "docs" / "start"
KIOSK = {"width": 1280, "height": 800}
GATE = {"width": 1024, "height": 580}
CONSOLE_HEIGHT = 420
STOP, STOP_EN = "青湾码头客运站", "Qingwan Pier Coach Stop"


def take(stage: Stage, folder: Path) -> None:
    """The morning, in small: some seats are sold, one is being paid, a passenger boards, the admin looks at the nodes."""
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


def main(argv: list[str]) -> int:
    """Exit code 0 when all are written."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("--into", type=Path, default=FOLDER, help="the folder that they are written to")
    folder = parser.parse_args(argv).into
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running_demo(Path(data), whole=True) as demo, chromium() as browser:
        stage, story = Stage(browser, demo), Story(demo)
        take(stage, folder)
        story.run()
        checker.converge(demo, story.clients)
        Album(stage, story, folder).take()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
