"""Building the demo's world: data folders, timetable, nodes, clerks, sign-ins; once, and found again at the next start."""

from __future__ import annotations

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from cloud.bootstrap import build
from cloud.domains.duties.service import ROLE
from cloud.domains.register.service import texts_of
from cloud.domains.shifts.publish import publish_office_rules
from cloud.domains.ticketing.publish import publish_real_name_rules
from cloud.domains.timetable.service import trip_facts
from cloud.kernel import clerks
from cloud.kernel.accounts import Accounts
from cloud.kernel.database import Database
from cloud.kernel.nodes import find
from cloud.kernel.settings import load
from sync.domains.shifts.operations import OfficeRules
from sync.domains.ticketing.operations import RealNameRules
from sync.domains.timetable import rules
from sync.kernel import days
from sync.kernel.enrolment import code_text
from tests.demo import layout
from tests.demo.world import ROOT, DemoFailed, Process, choose_ports, command

SAMPLE = ROOT / "cloud" / "domains" / "timetable" / "sample_feed"
_REGISTER = ROOT / "cloud" / "domains" / "register" / "sample_files"
REGISTER = [_REGISTER / f"{name}.csv" for name in ("operators", "vehicles", "drivers", "permits")]
EXCHANGE_S = 5
ZONE = "Asia/Shanghai"
AREA_CODE = 441_202
FERRY = 4  # as GTFS counts kinds of lines
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What stands in ``demo.json``: everything that a second start needs."""

    feed: str
    ports: dict[str, int]
    clerks: dict[str, list[Any]]
    admin: dict[str, str]
    nodes: dict[str, int]
    names: dict[str, dict[str, str]]
    coach_trips: list[int]
    ferry_trips: list[int]
    coach_stops: int
    ferry_stops: int
    day: int


class Demo:
    """The whole demo under one folder. ``shifts``: its station sells with an open shift only. ``names``: on its ferries every
    passenger is named."""

    shifts = names = False

    def __init__(self, folder: Path, feed: Path, say: Say, own_ports: bool) -> None:
        self.folder, self.feed, self.say = folder, feed, say
        self._first_port = None if own_ports else 8600
        self.processes: dict[str, Process] = {}
        self.told_faults: Counter[str] = Counter()
        self.plan: Plan

    @property
    def hub_data(self) -> Path:
        """The hub's folder."""
        return self.folder / "hub"

    @property
    def hub_database(self) -> Database:
        """The hub's database, to look at."""
        return Database(f"sqlite:///{self.hub_data / 'hub.sqlite'}")

    @property
    def gateway_key(self) -> Path:
        """The key that nodes and the sandbox gateway share, drawn once."""
        file = self.folder / "gateway.key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(32), encoding="utf-8")
        return file

    def node_data(self, name: str) -> Path:
        """A node's folder."""
        return self.folder / name

    def prepare(self) -> None:
        """Make the world, or find the one that is there; nothing runs yet but the hub while it is made."""
        file = self.folder / "demo.json"
        if file.is_file():
            self.plan = Plan(**json.loads(file.read_text(encoding="utf-8")))
            for name in ("gateway", "portal"):  # a demo from before there was one
                if name not in self.plan.ports:
                    self.plan.ports[name] = choose_ports(1, None)[0]
            self._describe_processes()
            self.give_duties()
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.say(f"importing the timetable {self.feed.name}")
        self._hub("import-gtfs", str(self.feed), "--json")
        self._hub("import-register", *map(str, REGISTER), "--json")
        day = days.day_at(int(time.time() * 1000), ZONE) + 1
        with self.hub_database.read() as tx:
            chosen = layout.choose(tx, day)
        self.plan = self._make(chosen, day)
        self._describe_processes()
        self._enrol_all(chosen)
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(self.plan), ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(file)

    def _make(self, chosen: layout.Layout, day: int) -> Plan:
        names = ["hub", *[post.name for post in chosen.posts], "broker", "feed", "gateway", "portal"]
        ports = dict(zip(names, choose_ports(len(names), self._first_port), strict=True))
        made = self._hub("add-admin", "admin", "--json")
        passphrase = self._first_sign_in(made["name"], made["passphrase"])
        self._hub("add-seller", layout.SHOP, "--limit", "100000", "--json")
        return Plan(
            feed=str(self.feed), ports=ports, clerks={},
            admin={"name": made["name"], "passphrase": passphrase}, nodes={},
            names={post.name: post.names for post in chosen.posts},
            coach_trips=list(chosen.coach_trips), ferry_trips=list(chosen.ferry_trips),
            coach_stops=chosen.coach_stops, ferry_stops=chosen.ferry_stops, day=day,
        )  # fmt: skip

    def _first_sign_in(self, name: str, one_time: str) -> str:
        """The one-time passphrase asks for another at once: choose it here, so that the next start prints a good one."""
        hub = build(load(self.hub_data, {}))
        accounts, chosen = Accounts(hub.database, hub.clock, hub.ids), code_text(secrets.token_bytes(10))
        person = accounts.session(accounts.sign_in(name, one_time, "demo"))
        if person is None:
            raise DemoFailed(f"{name} could not sign in at the hub")
        accounts.change_passphrase(person, one_time, chosen, chosen)
        hub.close()
        return chosen

    def _enrol_all(self, chosen: layout.Layout) -> None:
        codes: dict[str, str] = {}
        for post in chosen.posts:
            self.say(f"adding node {post.name} ({post.names.get('en', '')})")
            words = ["--kind", post.kind, *[word for number in post.stop_nos for word in ("--stop", str(number))]]
            for language, text in post.names.items():
                words += ["--label", f"{language}={text}"]
            made = self._hub("add-node", post.name, *words, "--json")
            self.plan.nodes[post.name], codes[post.name] = made["node_no"], made["code"]
            self._add_clerk(post)
        self.give_duties()
        if self.shifts:
            self._need_shifts()
        if self.names:
            self._want_names()
        hub = self.processes["hub"]
        hub.start()
        hub.wait_ready()
        try:
            for name, code in codes.items():
                self.say(f"enrolling {name}")
                url = f"http://127.0.0.1:{self.plan.ports['hub']}"
                words = ["node", "enrol", "--data", str(self.node_data(name)), "--hub", url, code]
                command(["-m", "edge.cli", *words])
        finally:
            hub.stop()

    def _add_clerk(self, post: layout.Post) -> None:
        roles = [word for role in ROLES[post.kind] for word in ("--role", role)]
        made = self._hub("add-clerk", _clerk_name(post.kind), "--node", post.name, *roles, "--json")
        self.plan.clerks[post.name] = [made["clerk_no"], made["pin"], post.kind]
        if ROLE in roles:
            self._join(made["clerk_no"])

    def _join(self, clerk_no: int) -> None:
        """A driver of the sample register is who drives the demo's coach: duties, ratings and badge are of one person."""
        hub = build(load(self.hub_data, {}))
        with hub.database.write() as tx:
            driver = hub.register.search(tx, layout.DRIVER, "driver")[0]
            texts = texts_of(driver, hub.register.subject(tx, driver.operator_no).body["uscc"])
            masked = ("document_number", "qualification_no")
            typed = {name: "" if name in masked else text for name, text in texts.items()}
            typed |= {"clerk_no": str(clerk_no), "from": ""}
            hub.register.correct(tx, driver.number, typed, "joined with the account", "demo")
        hub.close()

    def give_duties(self) -> None:
        """The coach runs the line's next trips of today and the first ones of tomorrow and of the story's day."""
        hub = build(load(self.hub_data, {}))
        now = hub.clock.wall_ms()
        today = days.day_at(now, ZONE)
        with hub.database.write() as tx:
            box = find(tx, "coach-1")
            known = set(hub.boarding.duties_of(tx, box.node_no))
            person = clerks.find(tx, self.plan.clerks["coach-1"][0])
            drivers = [person.clerk_no] if ROLE in person.roles else []  # a demo from before there were drivers
            for day in sorted({today, today + 1, self.plan.day}):
                for trip_no in self._ahead(tx, day, now):
                    if (trip_no, day) not in known:
                        hub.duties.assign(tx, box, (trip_no, day), layout.VEHICLE, drivers)
        hub.close()

    def _need_shifts(self) -> None:
        """From today on; the village and the pier go on without. Its ticket numbers begin with its division and station."""
        hub = build(load(self.hub_data, {}))
        today = days.day_at(hub.clock.wall_ms(), ZONE)
        with hub.database.write() as tx:
            place_no = find(tx, "station").place_no
            hub.nodes.set_codes(tx, find(tx, "station").node_no, AREA_CODE, 1)
            publish_office_rules(tx, OfficeRules("demo", "the demo", today, place_no, True, "CNY", 500), today)
        hub.close()

    def _want_names(self) -> None:
        hub = build(load(self.hub_data, {}))
        today = days.day_at(hub.clock.wall_ms(), ZONE)
        with hub.database.write() as tx:
            rules = RealNameRules("demo", "the demo", today, None, True, (), (FERRY,), 365)
            publish_real_name_rules(tx, rules, today)
            hub.sealing.provide(tx)
        hub.close()

    def _ahead(self, tx: Connection, day: int, now: int) -> list[int]:
        """Trips of the coach line that run on ``day`` and have not left yet, at most eight."""
        found = []
        for trip_no in self.plan.coach_trips:
            facts = trip_facts(tx, trip_no)
            if facts is None or not rules.trip_runs(facts.trip, facts.service, day):
                continue
            if rules.departs_ms(facts.pattern, facts.trip, 0, day, facts.zone) > now:
                found.append(trip_no)
        return found[:8]

    def _hub(self, *words: str) -> dict[str, Any]:
        return command(["-m", "cloud.cli", *words, "--data", str(self.hub_data)])

    def _describe_processes(self) -> None:
        ports = self.plan.ports
        hub_url = f"http://127.0.0.1:{ports['hub']}"
        self._add("hub", ["-m", "cloud.cli", "run", "--data", str(self.hub_data), "--port", str(ports["hub"])],
                  f"{hub_url}/healthz", YIPIAO_HUB_COME_BACK_MS=str(EXCHANGE_S * 1000),
                  YIPIAO_HUB_SHOP_SELLER=layout.SHOP, YIPIAO_HUB_CARD_URL=hub_url,
                  YIPIAO_HUB_GRANT_HOURS="60", YIPIAO_HUB_GRANT_TRIPS="3000")  # fmt: skip
        self._add("broker", ["-m", "firmware_bridges.cli", "broker", "--port", str(ports["broker"]), "--data",
                             str(self.folder / "broker")], f"tcp://127.0.0.1:{ports['broker']}")  # fmt: skip
        gateway_url = f"http://127.0.0.1:{ports['gateway']}"
        self._add("gateway", ["-m", "firmware_bridges.cli", "gateway", "--port", str(ports["gateway"]), "--data",
                              str(self.folder / "gateway"), "--key-file", str(self.gateway_key)],
                  f"{gateway_url}/healthz")  # fmt: skip
        for name in self.plan.names:
            words = ["-m", "edge.cli", "node", "run", "--data", str(self.node_data(name)), "--port", str(ports[name]),
                     "--hub", hub_url, "--exchange-every", str(EXCHANGE_S)]  # fmt: skip
            if name == "coach-1":
                words += ["--mqtt-port", str(ports["broker"]), "--gate-device", "gate-1"]
                words += ["--portal-port", str(ports["portal"])]
            own_url, portal_url = f"http://127.0.0.1:{ports[name]}", f"http://127.0.0.1:{ports['portal']}"
            self._add(name, words, f"{own_url}/healthz", YIPIAO_NODE_GATEWAY_URL=gateway_url,
                      YIPIAO_NODE_GATEWAY_KEY_FILE=str(self.gateway_key),
                      YIPIAO_NODE_GATEWAY_NOTIFY_URL=f"{own_url}/api/v1/payments/callback",
                      YIPIAO_NODE_PORTAL_URL=portal_url)  # fmt: skip

    def describe_devices(self) -> None:
        """Scanner and gate of the on-board box; its name in topics is known once it is enrolled."""
        node = f"node-{self.plan.nodes['coach-1']}"
        common = ["--node", node, "--port", str(self.plan.ports["broker"])]
        feed = self.plan.ports["feed"]
        self._add("scanner", ["-m", "firmware_bridges.cli", "scanner", *common, "--device", "scanner-1", "--data",
                              str(self.folder / "scanner"), "--feed-port", str(feed)],
                  f"tcp://127.0.0.1:{feed}")  # fmt: skip
        self._add("gate", ["-m", "firmware_bridges.cli", "gate", *common, "--device", "gate-1", "--data",
                           str(self.folder / "gate")], "")  # fmt: skip

    def start(self) -> None:
        """Start everything."""
        self.describe_devices()
        for name in ("hub", "broker", "gateway", *self.plan.clerks, "scanner", "gate"):
            self.say(f"starting {name}")
            self.processes[name].start()
        for process in self.processes.values():
            process.wait_ready()

    def stop(self) -> None:
        """Stop everything, the hub last."""
        for process in reversed(self.processes.values()):
            process.stop()

    def _add(self, name: str, words: list[str], health: str, **environment: str) -> None:
        self.processes[name] = Process(name, words, self.folder / "logs" / f"{name}.log", health, environment)


ROLES = {
    "station": ("clerk", "agent", "gate"),
    "village": ("agent", "clerk"),
    "pier": ("clerk", "gate"),
    "vehicle": ("gate", "agent", "driver"),
}


def _clerk_name(kind: str) -> str:
    return {"station": "站务员甲", "village": "邮政代办员乙", "pier": "码头售票员丙", "vehicle": "司机丁"}[kind]


def iso(day: int) -> str:
    """A service day as ISO text."""
    return days.date_of(day).isoformat()


def tomorrow(value: str) -> str:
    """The ISO date after ``value``."""
    return (date.fromisoformat(value) + timedelta(days=1)).isoformat()
