"""The hub's side: one database, one or two processes on it, and the door through which nodes reach them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import sqlalchemy as sa

from cloud.bootstrap import Hub, build
from cloud.kernel import exchange as hub_exchange
from cloud.kernel.settings import Settings
from sync.kernel import cose, enrolment, exchange, presentation
from sync.kernel.errors import Fault, Malformed, Refusal
from tests.simulation.chance import SeededIds
from tests.simulation.disks import DEATHS, Crash
from tests.simulation.mix import EVERY_PROCESS, SECOND_PROCESS
from tests.simulation.times import MINUTE_MS, WrongClock
from tests.simulation.trace import Violation, code_of
from tests.simulation.versions import SAME

if TYPE_CHECKING:
    from tests.simulation.world import World

UP_AGAIN_MS = 8 * MINUTE_MS
BROKEN_DISK = ("SQLITE_FULL", "SQLITE_IOERR")


class HubSide:
    """``hubs``: the processes; None for one that is down. ``race``: what another process does before this one writes."""

    def __init__(self, world: World, settings: Settings, processes: int) -> None:
        self.world, self.settings = world, replace(settings, data=world.folder / "hub")
        self.disk = world.new_disk("hub", "_hub")
        self.clock = WrongClock(world.time)
        self.hubs: list[Hub | None] = [None] * processes
        self.boots = self.up_at_ms = 0
        self.race: Callable[[int], None] | None = None
        self.version = SAME
        self.backups: list[str] = []

    def say(self, text: str) -> None:
        """Into the story."""
        self.world.trace.say("hub", text, self.clock.offset_ms)

    def switch_on(self, processes: int | None = None) -> None:
        """Start every process that is down."""
        wanted = len(self.hubs) if processes is None else processes
        for number in range(wanted):
            if self.hubs[number] is None:
                self._start(number)

    def _start(self, number: int) -> None:
        self.boots += 1
        ids = SeededIds(f"{self.world.seed} hub {self.boots}")
        try:
            hub = build(self.settings, self.clock, ids)
        except DEATHS:
            self.say(f"process {number + 1} died while starting")
            self._perhaps_dark()
            return
        sa.event.listen(hub.database.engine, "checkout", lambda *_words: self._begins(number, hub))
        self.hubs[number] = hub
        self.say(f"process {number + 1} started")

    def off(self, number: int, why: str) -> None:
        """A process is gone, without a farewell."""
        hub, self.hubs[number] = self.hubs[number], None
        self.disk.look_away()
        if hub is not None:
            hub.database.engine.dispose()
        self.disk.open = [one for one in self.disk.open if _is_open(one)]
        self.up_at_ms = self.world.time.now_ms + UP_AGAIN_MS
        if why:
            self.say(f"process {number + 1} {why}")

    def wake(self) -> None:
        """What looks after the processes starts them again, a while after they ended."""
        if None in self.hubs and self.world.time.now_ms >= self.up_at_ms:
            self.switch_on()

    def all_off(self, why: str) -> None:
        """Every process is gone."""
        for number, hub in enumerate(self.hubs):
            if hub is not None:
                self.off(number, why)
        self.disk.unplug()

    def up(self) -> list[int]:
        """Processes that run."""
        return [number for number, hub in enumerate(self.hubs) if hub is not None]

    def post(self, path: str, body: bytes, number: int | None = None) -> bytes:
        """A node's request at one of the processes; what the web layer would refuse comes back as a :class:`Fault`."""
        running = self.up()
        if not running:
            raise Fault("hub_away")
        chosen = running[self.world.draw(len(running))] if number is None else number
        with self._version(chosen):
            answer, code, retry = self._run(chosen, lambda hub: _answer(hub, path, body))
        if code:
            raise Fault(code, retry=retry)
        return bytes(answer)

    @contextlib.contextmanager
    def _version(self, number: int) -> Iterator[None]:
        """As long as this lasts, the process is of the version that its seed says."""
        older = self.world.mix.older
        if not (older == EVERY_PROCESS or (older == SECOND_PROCESS and number == 1)):
            yield
            return
        self.world.fired["older_hub"] += 1
        with mock.patch.object(hub_exchange, "SPEAKS", exchange.PROTOCOL), mock.patch.object(cose, "is_bare", _never):
            yield

    def admin(self, act: str, work: Callable[[Hub, sa.Connection], Any]) -> tuple[Any, str]:
        """An admin does something in one transaction: (result, code of what went wrong)."""
        found, code = self.quietly(work)
        self.say(f"{act}: {code or found}")
        return found, code

    def quietly(self, work: Callable[[Hub, sa.Connection], Any]) -> tuple[Any, str]:
        """As :meth:`admin`, for what is told elsewhere."""

        def write(hub: Hub) -> Any:
            with hub.database.write() as tx:
                return work(hub, tx)

        return self.command(write)

    def rows(self, query: str) -> list[Any]:
        """What stands in the hub's database, read past the hub."""
        return self.disk.rows("hub.sqlite", query)

    def command(self, work: Callable[[Hub], Any]) -> tuple[Any, str]:
        """As :meth:`admin`, for what makes its own transactions."""
        running = self.up()
        if not running:
            return None, "hub_away"
        found, code, _ = self._run(running[self.world.draw(len(running))], work)
        return found, code

    def _run(self, number: int, work: Callable[[Hub], Any]) -> tuple[Any, str, bool]:
        """(result, code, whether another try makes sense)."""
        hub, crashes = self.hubs[number], self.disk.deaths
        if hub is None:
            return None, "hub_away", True
        found: Any = None
        code, retry = "", False
        try:
            found = work(hub)
        except DEATHS:
            code, retry = "hub_away", True
        except Refusal as error:
            code, retry = error.code, error.status >= 500 or error.status == 429
        except Malformed as error:
            code = error.code
        except sa.exc.DBAPIError as error:
            code, retry = self._disk_error(error), True
        if self.disk.deaths != crashes and self.hubs[number] is not None:
            self.off(number, "died")
            self._perhaps_dark()
        return found, code, retry

    def _perhaps_dark(self) -> None:
        """When it was the power that went, the other processes are gone too."""
        if self.disk.lost_power:
            self.all_off("lost its power")

    def _disk_error(self, error: sa.exc.DBAPIError) -> str:
        name = str(getattr(error.orig, "sqlite_errorname", ""))
        if not name.startswith(BROKEN_DISK):
            raise Violation("hub_raised", f"{name} {error}") from error
        return "internal"

    def _begins(self, number: int, hub: Hub) -> None:
        """A process is about to begin: to write, if it has taken the writer's turn."""
        if self.race is not None and hub.database._turn.locked():
            race, self.race = self.race, None
            race(number)
            if self.hubs[number] is not hub:
                raise Crash  # the power went meanwhile, for all


def _never(_data: bytes) -> bool:
    return False


def _answer(hub: Hub, path: str, body: bytes) -> bytes:
    if path == enrolment.PATH:
        with hub.database.write() as tx:
            return hub.enrolment.enrol(tx, body)
    if path == presentation.PATH:
        return hub.presenting.answer(body)
    if len(body) > exchange.MAX_REQUEST_BYTES:
        raise Malformed("exchange_size")
    return hub.exchange.answer(body)


def _is_open(connection: Any) -> bool:
    try:
        connection.total_changes  # noqa: B018
    except Exception as error:
        return code_of(error) != "ProgrammingError"
    return True
