"""`./yipiao demo`: everything on this machine, until Ctrl-C; with `--check` the whole story, and then it ends."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from tests.demo import checker
from tests.demo.board_ratings import PHONES
from tests.demo.board_trip import WALK_UPS
from tests.demo.setup import SAMPLE, Demo
from tests.demo.story import WANTED, Story
from tests.demo.world import ROOT, DemoFailed

SCREENS = {
    "station": ("clerk", "kiosk", "gate", "status"),
    "village": ("kiosk", "clerk", "status"),
    "pier": ("clerk", "kiosk", "gate", "status"),
    "coach-1": ("driver", "gate", "clerk", "portal", "status"),
}


@click.command()
@click.option("--check", is_flag=True, help="Run the whole story on ports and data of its own, then end.")
@click.option("--json", "as_json", is_flag=True, help="With --check: one JSON object on the last line.")
@click.option("--feed", type=click.Path(exists=True, path_type=Path), default=None, help="Another GTFS feed.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), default=None, help="Where the data stays.")
@click.option("--keep", is_flag=True, help="With --check: keep the data folder.")
def demo(check: bool, as_json: bool, feed: Path | None, data: Path | None, keep: bool) -> int:
    """One hub and four nodes on this machine, with the sample timetable or another one."""
    chosen = (feed or SAMPLE).resolve()
    if check:
        return _check(chosen, data, keep, as_json)
    return _show(chosen, (data or ROOT / ".demo").resolve())


def _show(feed: Path, folder: Path) -> int:
    begun = time.monotonic()
    world = Demo(folder, feed, _say_since(begun), own_ports=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        world.shifts = True
        world.prepare()
        world.start()
        _print_addresses(world)
        threading.Thread(target=_listen, args=(world,), daemon=True).start()
        while True:
            time.sleep(1)
            for process in world.processes.values():
                if process.running is not None and process.running.poll() is not None:
                    click.echo(f"{process.name} ended; starting it again (its output: {process.log})", err=True)
                    process.start()
    except KeyboardInterrupt:
        click.echo("stopping; the data stays, the next start goes on with it", err=True)
    finally:
        world.stop()
    return 0


def _listen(world: Demo) -> None:
    """A process's name and Enter stops it, and again starts it: `hub`, to see the nodes go on alone."""
    for line in sys.stdin:
        process = world.processes.get(line.strip())
        if process is None:
            click.echo(f"names: {', '.join(world.processes)}", err=True)
        elif process.running is not None:
            process.stop()
            click.echo(f"{process.name} is stopped; type {process.name} again to start it", err=True)
        else:
            process.start()
            process.wait_ready()
            click.echo(f"{process.name} is up again", err=True)


def _check(feed: Path, data: Path | None, keep: bool, as_json: bool) -> int:
    begun = time.monotonic()
    folder = data or Path(tempfile.mkdtemp(prefix="yipiao-demo-"))
    world = Demo(folder.resolve(), feed, _say_since(begun), own_ports=True)
    try:
        world.shifts = world.names = True
        world.prepare()
        world.start()
        story = Story(world)
        story.run()
        world.say("waiting for the exchanges, then comparing")
        converged = checker.converge(world, story.clients)
        found = checker.facts(world, story) | {"converged": converged, "seconds": round(time.monotonic() - begun, 1)}
    finally:
        world.stop()
    holds = _holds(found)
    if keep or not holds:
        world.say(f"data kept in {folder}")
    elif data is None:
        _remove(folder)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(_lines(found)))
    world.say("all of it held" if holds else "not all of it held: docs/reference says what each figure has to be")
    return 0 if holds else 1


def _holds(found: dict[str, object]) -> bool:
    refused, office, on_board = found["refused"], found["office"], found["on_board"]
    none = ("gate_opened_twice", "seats_sold_twice", "events_lost", "fen_difference")
    return (
        all(int(str(found[name])) >= wanted for name, wanted in WANTED.items())
        and isinstance(refused, dict)
        and all(count > 0 for count in refused.values())
        and all(found[name] == 0 for name in none)
        and isinstance(office, dict)
        and (office["shifts_closed"], office["no_shift_refused"], office["fen_difference"]) == (1, 2, 0)
        and office["alerts"] == ["ghost_refund"] * office["superseded_refused"]
        and office["named"] > 0
        and office["through_journeys"] > 0
        and len(office["riders"]) > 2
        and office["clear_personal_data_found"] == 0
        and (office["paid_without_ticket"], office["phone_fen_difference"]) == (0, 0)
        and int(str(office["gateway_faults"])) >= 10
        and isinstance(on_board, dict)
        and on_board["ratings"] == found["rated"]
        and on_board["ratings_without_ticket"] == PHONES
        and 0 < on_board["bad_rating_cases"] < on_board["ratings"]
        and on_board["second_words"] == 1
        and on_board["screenshots_refused"] > 0
        and found["quarantined"] == on_board["conflicts_recorded"] == 1
        and (on_board["walk_up_sold"], on_board["no_show"], on_board["clearance_refused"]) == (WALK_UPS, 1, 1)
        and (on_board["trust_cards_checked"], on_board["forged_cards_refused"]) == (10, 3)
        and on_board["phones_on_wifi"] > 0
        and on_board["stops_called"] > 0
        and (on_board["trips_driven"], on_board["words_taken_back"], on_board["delays_told"]) == (1, 1, 1)
        and int(str(found["gate_opened"])) > 0
        and float(str(found["hub_offline_s"])) >= 15
        and found["converged"] is True
    )


def _print_addresses(world: Demo) -> None:
    plan = world.plan
    click.echo("\nYipiao is up. Stop it with Ctrl-C. Type hub and Enter to stop the hub alone, again to start it.\n")
    click.echo(f"  hub console   http://127.0.0.1:{plan.ports['hub']}/console")
    click.echo(f"                sign in as {plan.admin['name']}, passphrase {plan.admin['passphrase']}\n")
    for title, page in (("web shop", "shop"), ("ticket wallet", "wallet"), ("what was said", "ratings")):
        click.echo(f"  {title:<13} http://127.0.0.1:{plan.ports['hub']}/{page}/\n")
    for name, screens in SCREENS.items():
        clerk_no, pin, _ = plan.clerks[name]
        address = f"http://127.0.0.1:{plan.ports[name]}"
        click.echo(f"  {name:<12}  {plan.names[name].get('zh-Hans', '')} {plan.names[name].get('en', '')}")
        click.echo("                " + "  ".join(f"{address}/{screen}" for screen in screens))
        click.echo(f"                clerk number {clerk_no}, PIN {pin}\n")
    click.echo(f"  on the WiFi   http://127.0.0.1:{plan.ports['portal']}/ is what phones in the coach see\n")
    click.echo(f"  payments      http://127.0.0.1:{plan.ports['gateway']}/ shows what waits to be paid by phone\n")
    click.echo(f"  scanner       type a ticket's code into:  nc 127.0.0.1 {plan.ports['feed']}\n")


def _lines(found: Mapping[str, object], indent: str = "") -> Iterator[str]:
    """A line a figure, for people; what belongs together stands under its name."""
    for name, value in found.items():
        words = name.replace("_", " ")
        if isinstance(value, Mapping):
            yield f"{indent}{words}"
            yield from _lines(value, indent + "    ")
        else:
            said = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{indent}{words:<{32 - len(indent)}} {said}"


def _say_since(begun: float) -> Callable[[str], None]:
    return lambda text: click.echo(f"[{time.monotonic() - begun:5.1f} s] {text}", err=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def main(argv: list[str]) -> int:
    """Exit code: 0 when all held, 1 when something did not, 2 for a wrong call."""
    try:
        return int(demo.main(args=argv, prog_name="yipiao demo", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return 2
    except (DemoFailed, AssertionError) as error:
        click.echo(f"the demo failed: {error}", err=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
