"""Every word of the pages is in the catalogue, in three languages, and the catalogue holds no word that no page says."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest
from flask import Flask

from kiosk_ui.app import create_app
from kiosk_ui.screens.driver.views import UNDO
from kiosk_ui.screens.portal.trip import NUMBERS, STEPS
from sync.catalogue import LANGUAGES, load
from sync.domains.boarding.rules import REASONS, STATES
from sync.domains.clearance.rules import CHECKS
from sync.domains.duties.events import DELAY_REASONS
from sync.domains.duties.rest.rules import BREACHES
from sync.domains.duties.rules import PHASES
from sync.domains.ratings.rules import DEFAULT_RATING_RULES, LEVELS
from sync.domains.register import rules as register
from sync.domains.register.cards import card as cards
from sync.domains.shifts.events import CASH_REASONS
from sync.domains.ticketing.events import GIVEN_BACK as WHY
from sync.domains.ticketing.events import PAYMENTS, PROOFS
from sync.domains.ticketing.office.reissue import CAUSES
from sync.domains.ticketing.rules import ASKED
from sync.kernel.documents import DOCUMENT_TYPES
from sync.kernel.ticket import RIDERS
from tests.kiosk_ui.person import Person
from tests.support.nodes import COACH_TRIP, TODAY, Bench
from tests.tooling.tree import ROOT

ROOM = ROOT / "kiosk_ui"
TEMPLATES = sorted(ROOM.rglob("*.html"))
SOURCES = sorted(ROOM.rglob("*.py"))
SEATS = ("open", "sold", "held", "elsewhere")
# Keys that are put together from a part of the page's data: prefix → what may follow.
MADE = {
    "document_type_": (*DOCUMENT_TYPES, "label"),
    "proof_": PROOFS[1:],
    "home_": ("kiosk", "clerk", "gate", "driver", "portal", "status"),
    "kiosk_step_": ("to", "trip", "seat", "pay", "ticket"),
    "places_": ("open", "few", "sold_out", "ask", "not_for_sale"),
    "seat_state_": SEATS,
    "seat_short_": SEATS[1:],
    "channel_": ("kiosk", "counter", "on_board"),
    "rating_": tuple(map(str, LEVELS)),
    "tag_": [code for code, _, _ in DEFAULT_RATING_RULES.tags],
    "score_": ("operator", "line", "vehicle", "driver"),
    "error_title_": ("refused", "failed", "stale"),
    "disrupted_what_": ("cancelled", "cut_short", "delayed", "vehicle_changed"),
    "reason_": REASONS,
    "verdict_": ("green", "amber", "red"),
    "card_verdict_": ("green", "amber", "red"),
    "card_reason_": cards.REASONS,
    "vehicle_kind_": register.VEHICLE_KINDS,
    "plate_colour_": register.COLOURS,
    "gate_name_": ("page", "on_board", "handed_over"),
    "manifest_state_": STATES,
    "clearance_lack_": CHECKS,
    "clearance_state_": ("cleared", "refused", "undone"),
    "note_": ("clock_unsure", "document_unseen", "code_unsigned", "absent_before"),
    "ask_which_": ("from", "to"),
    "refund_why_": WHY,
    "request_state_": ("waiting", "approved", "denied", "paid"),
    "request_kind_": ASKED,
    "reissue_why_": CAUSES,
    "cash_reason_": CASH_REASONS,
    "payment_": PAYMENTS,
    "phone_state_": ("asked", "taken", "ended", "back"),
    "rider_": RIDERS,
    "wifi_": ("open", "online", "no_line"),
    "trip_phase_": PHASES,
    "driver_word_": UNDO,
    "driver_rest_": BREACHES,
    "delay_reason_": DELAY_REASONS,
    "emergency_": [f"{kind}_{step}" for kind, steps in STEPS.items() for step in steps],
    "emergency_for_": NUMBERS,
    "http_": ("400", "403", "404", "405", "413", "500"),
}
LITERAL = re.compile(r"""(?<![\w.])t\(\s*(?:'([a-z0-9_]+)'|"([a-z0-9_]+)")""")
CHOICE = re.compile(r"""(?<![\w.])t\(\s*'([a-z0-9_]+)' if [^)]*? else '([a-z0-9_]+)'""")
PUT_TOGETHER = re.compile(r"""(?<![\w.])t\(\s*(?:'([a-z0-9_]+_)' ~|f"([a-z0-9_]+_)\{)""")


def said() -> set[str]:
    """Every key that a page or a view asks for."""
    keys: set[str] = set()
    for path in TEMPLATES + SOURCES:
        text = path.read_text(encoding="utf-8")
        keys |= {a or b for a, b in LITERAL.findall(text) if not (a or b).endswith("_")}
        keys |= {key for pair in CHOICE.findall(text) for key in pair}
        for a, b in PUT_TOGETHER.findall(text):
            assert (a or b) in MADE, f"{path.name}: what may follow {a or b}?"
    for prefix, endings in MADE.items():
        keys |= {prefix + ending for ending in endings}
    return (
        keys
        | {f"home_{name}_for" for name in MADE["home_"]}
        | {
            "issue_other",
            *(f"word_{one}" for one in ("refunded", "boarded", "cancelled", "other_way", "short", "vehicle")),
            "issue_other_step",
        }
    )


def test_no_page_asks_for_a_word_that_is_not_there() -> None:
    assert said() - set(load().texts) == set()


def test_the_catalogue_of_the_screens_holds_nothing_that_no_page_says() -> None:
    for name in ("screens.toml", "portal.toml"):
        source = (ROOT / "sync" / "catalogue" / name).read_text(encoding="utf-8")
        assert set(tomllib.loads(source)) - said() == set()


def test_every_page_fills_the_gaps_of_its_words() -> None:
    texts = load().texts
    wrong = []
    for path in TEMPLATES:
        for call in re.finditer(r"(?<![\w.])t\(\s*'([a-z0-9_]+)'([^{}]*)", path.read_text(encoding="utf-8")):
            gaps = {name for _, name, _, _ in string.Formatter().parse(texts.get(call[1], {}).get("en", "")) if name}
            wrong += [f"{path.name}: {call[1]} lacks {gap}" for gap in gaps if f"{gap}=" not in call[2]]
    assert wrong == []


@pytest.fixture
def furnished(bench: Bench) -> Flask:
    return create_app(bench.node)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_speak_one_language_and_no_key_shows_through(furnished: Flask, language: str) -> None:
    person = Person(furnished)
    person.sign_in()
    keys = [key for key in load().texts if "_" in key]
    for address in ("/", "/kiosk", "/kiosk/to", "/kiosk/trips?to=5", "/clerk", "/clerk/sell", "/clerk/takings", "/clerk/shift",
                    "/status",
                    f"/kiosk/seat?trip={COACH_TRIP}&day={TODAY}&from=0&to=4", "/gate/trips", "/portal/ticket", "/sign-in",
                    f"/gate/{COACH_TRIP}/{TODAY}", "/nowhere"):  # fmt: skip
        page = person.see(address + ("&" if "?" in address else "?") + f"lang={language}")
        assert f'<html lang="{language}"' in page.html
        shown = [key for key in keys if re.search(rf"(?<![\w/-]){key}(?!\w)", page.text)]
        assert not shown, (address, shown)
        assert "{" not in page.text, address


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("zh-TW,zh;q=0.9", "zh-Hant"), ("zh-HK", "zh-Hant"), ("zh", "zh-Hans"), ("zh-SG", "zh-Hans"), ("en-GB,zh", "en"),
     ("de,en;q=0.5", "en"), ("fr", "zh-Hans"), ("", "zh-Hans"), ("zh-Hant-MO;q=0.3,xx", "zh-Hant"), ("*", "zh-Hans")],
)  # fmt: skip
def test_a_browser_s_wish_is_understood(furnished: Flask, asked: str, spoken: str) -> None:
    assert f'<html lang="{spoken}"' in Person(furnished, asked).see("/kiosk").html


def test_a_choice_of_language_and_size_is_kept_and_stays_on_the_page(furnished: Flask) -> None:
    person = Person(furnished)
    trips = person.see("/kiosk/trips?to=5")
    english = next(address for address in trips.links if "lang=en" in address)
    assert english.startswith("/kiosk/trips?to=5")
    assert "To Guangzhou" in person.see(english).text
    assert "Where do you want to go?" in person.see("/kiosk/to").text
    big = next(address for address in person.see("/kiosk/to").links if "big=1" in address)
    assert 'class="kiosk big"' in person.see(big).html
    assert 'class="kiosk big"' in person.see("/kiosk").html


@pytest.mark.parametrize(
    "query",
    ["lang=xx&big=7", "_external=1&_scheme=javascript", "endpoint=x&filename=y", "lang=en&lang=zh-Hant"],
)
def test_odd_parameters_do_not_bend_the_links(furnished: Flask, query: str) -> None:
    page = Person(furnished).see(f"/kiosk/to?{query}")
    assert page.status == 200
    assert all(address.startswith(("/", "#")) for address in page.links)


def test_templates_stand_in_the_folder_of_their_screen() -> None:
    for path in (ROOM / "screens").rglob("*.html"):
        screen = path.relative_to(ROOM / "screens").parts[0]
        assert path.parent == ROOM / "screens" / screen / "templates" / screen, path
    for folder in (path for path in (ROOM / "screens").iterdir() if path.is_dir() and not path.name.startswith("__")):
        assert (folder / "views.py").is_file() and (folder / "__init__.py").is_file(), folder


def test_every_shipped_file_is_used_by_a_page() -> None:
    pages = "".join(Path(path).read_text(encoding="utf-8") for path in TEMPLATES)
    files = {path.name for path in (ROOM / "static").iterdir()}
    named = set(re.findall(r"asset\('([a-z.]+)'\)", pages)) | {"kiosk.css", "portal.css"}
    assert files == named
