"""Passenger, agent, inspector, rider, admin: what each of them does on their pages, by touch, keyboard and camera."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.kernel.accounts import Accounts
from cloud.kernel.system import SystemClock, SystemIds
from sync.catalogue import load
from sync.kernel import ticket
from tests.browser.stage import DESK, PHONE, Stage, follow, photograph, read_code

if TYPE_CHECKING:
    from playwright.sync_api import Page

WORDS = load()
ADMIN_PASSPHRASE = "four lamps beside the river"


@dataclass(frozen=True)
class Bought:
    """A ticket as its holder has it: what the page said, and the photograph of its code."""

    number: str
    short_code: str
    seat: str
    code: str
    photo: bytes


class Passenger:
    """In front of the kiosk."""

    def __init__(self, stage: Stage, node: str, language: str = "zh-CN", size: dict[str, int] = DESK) -> None:
        self.page = stage.open(size, language)
        self._kiosk = stage.address(node) + "/kiosk"

    def look_for_seats(self, destination: str, day: int, trip_no: int) -> int:
        """Up to the seat map; how many seats can be chosen."""
        self.page.goto(self._kiosk)
        self.page.click(".attract")
        self.page.click(f"a.tile >> text={destination}")
        self.page.click(f".days a[href*='day={day}']")
        self.page.click(f"a.trip[href*='trip={trip_no}&']")
        self.page.wait_for_selector(".cabin")
        return self.page.locator("button.seat.open").count()

    def order(self) -> tuple[str, str]:
        """Take the first seat that is open; (its label, the price as the screen says it)."""
        seat = self.page.locator("button.seat.open").first
        label = seat.inner_text()
        with self.page.expect_navigation():
            seat.click()
        follow(self.page, "button.go")
        return label, self.page.locator(".amount").inner_text()

    def take_ticket(self) -> Bought:
        """Wait for the ticket that appears by itself, and photograph it."""
        self.page.wait_for_url(re.compile("/kiosk/ticket/"))
        return _bought(self.page, ".ticket-codes dd >> nth=0", ".ticket-codes dd >> nth=1", ".ride-facts dd >> nth=0")

    def paper_code(self) -> str:
        """The code on the page that is printed, which must fit on one sheet."""
        self.page.click("[data-print-frame]")
        code = read_code(photograph(self.page.locator(".paper-qr")))
        sheets = re.findall(rb"/Type\s*/Page\b", self.page.pdf(prefer_css_page_size=True))
        assert len(sheets) == 1, f"the ticket is printed on {len(sheets)} sheets"
        return code

    def leave(self) -> str:
        """Done; what the kiosk shows to the next one."""
        self.page.go_back()
        self.page.click(".go")
        self.page.wait_for_selector(".attract")
        return self.page.inner_text("h1")


class Staff:
    """Somebody with a number and a PIN at a node."""

    def __init__(
        self, stage: Stage, node: str, first: str, language: str = "zh-CN", size: dict[str, int] = DESK
    ) -> None:
        self.page = stage.open(size, language)
        self._node = stage.address(node)
        number, pin, _ = stage.demo.plan.clerks[node]
        self.page.goto(f"{self._node}/{first}")
        self.page.fill("#clerk_no", str(number))
        self.page.fill("#pin", pin)
        self.page.press("#pin", "Enter")
        self.page.wait_for_url(re.compile(f"{self._node}/{first}"))

    def waiting_events(self) -> int:
        """What the status page says is waiting for the hub."""
        self.page.goto(f"{self._node}/status")
        said = self.page.locator(".facts div", has_text=WORDS.text("status_waiting", "zh-Hans")).inner_text()
        found = re.search(r"\d+", said)
        return int(found[0]) if found else -1

    def connect_now(self) -> None:
        """Send the box to the hub without waiting for its turn."""
        self.page.goto(f"{self._node}/status")
        self.page.click("main form button")
        self.page.wait_for_url(re.compile("asked=1"))


class Agent(Staff):
    """Takes the cash at a village."""

    def __init__(self, stage: Stage, node: str) -> None:
        super().__init__(stage, node, "clerk")

    def take_cash(self, seat: str, tendered: str) -> str:
        """Confirm the order that waits for ``seat``; the change to give."""
        self.page.goto(f"{self._node}/clerk")
        order = self.page.locator(".order", has_text=seat)
        order.locator(".cash").fill(tendered)
        order.locator(".cash").press("Enter")
        return self.page.locator(".change b").inner_text()

    def sell(self, stop: str, day: int, trip_no: int) -> Bought:
        """Across the counter: destination by keyboard, trip, exact cash."""
        self.page.goto(f"{self._node}/clerk/sell?day={day}")
        self.page.keyboard.type(f"{stop}\n")
        self.page.click(f".day-tabs a[href*='day={day}']")
        self.page.click(f"a.row-link[href*='trip={trip_no}&']")
        self.page.press("#tendered", "Enter")
        self.page.wait_for_url(re.compile("/clerk/tickets/"))
        return _bought(self.page, "h1 .mono", ".facts dd >> nth=0", ".ride-facts dd >> nth=0")


class Inspector(Staff):
    """At the gate page of the on-board box."""

    def __init__(self, stage: Stage, node: str, language: str = "zh-CN", size: dict[str, int] = DESK) -> None:
        super().__init__(stage, node, "gate", language, size)

    def choose(self, trip_no: int, day: int) -> None:
        """Board this trip from now on."""
        self.page.goto(f"{self._node}/gate/trips")
        self.page.click(f"form:has([name=trip][value='{trip_no}']):has([name=day][value='{day}']) button")
        self.page.wait_for_selector(".verdict.ready")

    def scan(self, code: str) -> str:
        """Type like a scanner does: key by key, Enter. The verdict in words, its colour first."""
        self.page.evaluate("document.getElementById('verdict').dataset.colour = 'none yet'")
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")
        return self._verdict()

    def show_picture(self, photo: bytes) -> str:
        """Upload a photograph of a ticket."""
        self.page.set_input_files("#picture", {"name": "ticket.png", "mimeType": "image/png", "buffer": photo})
        self.page.evaluate("document.getElementById('verdict').dataset.colour = 'none yet'")
        self.page.click("form:has(#picture) button")
        return self._verdict()

    def _verdict(self) -> str:
        verdict = self.page.locator("#verdict:not([data-colour='none yet'])")
        verdict.wait_for()
        return f"{verdict.get_attribute('data-colour')} {' '.join(verdict.inner_text().split())}"


class Rider:
    """A phone on the bus: small, and without scripts."""

    def __init__(self, stage: Stage, node: str, language: str, scripts: bool = False) -> None:
        self.page = stage.open(PHONE, language, scripts)
        self._portal = stage.address(node) + "/portal"

    def show_ticket(self, bought: Bought) -> str:
        """Number and short code; what the page says then."""
        self.page.goto(self._portal)
        self.page.click("a[href='/portal/ticket']")
        self.page.fill("#ticket", bought.number)
        self.page.fill("#short_code", bought.short_code.lower())
        follow(self.page, "form:has(#short_code) button")
        return self.page.inner_text("main")

    def open_rating(self) -> None:
        """To the form with the five levels."""
        self.page.click("main a[href='/portal/rate']")
        self.page.wait_for_selector("#comment")

    def page_of_the_trip(self) -> str:
        """What the first page says of this trip."""
        self.page.goto(self._portal)
        return self.page.inner_text("main")

    def rate(self, level: str, tag: str, comment: str) -> str:
        """Send it; what the page says then."""
        self.page.click(f".levels label >> text={level}")
        self.page.click(f".tags label >> text={tag}")
        self.page.fill("#comment", comment)
        follow(self.page, "form:has(#comment) button")
        return self.page.inner_text("main")


class Admin:
    """At the hub's console."""

    def __init__(self, stage: Stage) -> None:
        self.page = stage.open(DESK, "en")
        self._console = stage.address("hub") + "/console"
        admin = stage.demo.plan.admin
        self._sign_in(admin["name"], admin["passphrase"])
        if self.page.locator(".error").count():  # changed by an admin of an earlier test
            self._sign_in(admin["name"], ADMIN_PASSPHRASE)
        if "/passphrase" in self.page.url:
            self.page.fill("#old", admin["passphrase"])
            self.page.fill("#new", ADMIN_PASSPHRASE)
            self.page.fill("#repeated", ADMIN_PASSPHRASE)
            follow(self.page, "main button")
            self._sign_in(admin["name"], ADMIN_PASSPHRASE)

    def _sign_in(self, name: str, passphrase: str) -> None:
        self.page.goto(f"{self._console}/sign-in")
        self.page.fill("#name", name)
        self.page.fill("#passphrase", passphrase)
        follow(self.page, "main button")

    def see(self, path: str) -> str:
        """A page of the console; its words."""
        self.page.goto(f"{self._console}/{path}")
        return self.page.inner_text("main")

    def nodes(self, language: str = "en") -> list[dict[str, str]]:
        """The table of nodes: heading → what stands below it."""
        self.see(f"nodes?language={language}")
        heads = [head.strip() for head in self.page.locator("thead th").all_inner_texts()]
        rows = self.page.locator("tbody tr").all()
        return [dict(zip(heads, row.locator("td").all_inner_texts(), strict=True)) for row in rows]

    def up_to_date(self) -> bool:
        """Whether the hub has every box's whole log, and every box all that is published for it. The hub's own node is no
        box: it visits nobody, and its log may be empty."""
        held, waiting, behind = (WORDS.text(f"console_{key}", "en") for key in ("log_held", "waiting", "to_read"))
        return all(row[waiting] == row[behind] == "0" and not row[held].startswith("0 ") for row in self.boxes())

    def boxes(self, language: str = "en") -> list[dict[str, str]]:
        """The list of nodes without the hub's own."""
        name, own = (WORDS.text(f"console_{key}", language) for key in ("node", "kind_hub"))
        return [row for row in self.nodes(language) if not row[name].endswith(own)]


def _bought(page: Page, number: str, short_code: str, seat: str) -> Bought:
    """The ticket that a page shows; the photograph must hold the very ticket that the words name."""
    photo = photograph(page.locator(".ticket-qr"))
    said = Bought(page.inner_text(number), page.inner_text(short_code), page.inner_text(seat), read_code(photo), photo)
    assert ticket.parse(said.code).claims.ticket_id.number == said.number
    assert ticket.short_code(said.code) == said.short_code
    return said


class Office:
    """An operator's own office at the hub's console."""

    def __init__(self, stage: Stage, name: str, agency_no: int) -> None:
        self.page = stage.open(DESK, "en")
        self._console = stage.address("hub") + "/console"
        once = Accounts(stage.demo.hub_database, SystemClock(), SystemIds()).add(name, "operator", "test", agency_no)
        self._sign_in(name, once)
        self.page.fill("#old", once)
        self.page.fill("#new", ADMIN_PASSPHRASE)
        self.page.fill("#repeated", ADMIN_PASSPHRASE)
        follow(self.page, "main button")
        self._sign_in(name, ADMIN_PASSPHRASE)

    def _sign_in(self, name: str, passphrase: str) -> None:
        self.page.goto(f"{self._console}/sign-in")
        self.page.fill("#name", name)
        self.page.fill("#passphrase", passphrase)
        follow(self.page, "main button")

    def cases(self) -> str:
        """What is to be answered, in words."""
        self.page.goto(f"{self._console}/voices?cases=1")
        return self.page.inner_text("main")

    def open_case(self, words: str) -> str:
        """The case with these words; its page."""
        follow(self.page, f"li:has-text('{words}') a[href*='/voices/']")
        return self.page.inner_text("main")

    def act(self, button: str, text: str) -> str:
        """Write something and press a button; the page that comes of it."""
        self.page.fill("#text", text)
        follow(self.page, f"button >> text={button}")
        return self.page.inner_text("main")
