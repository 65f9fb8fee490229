"""Every domain has the same file names in every room, so that who knows one knows all."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.walls import domain_of
from tests.tooling.tree import ROOMS, files

# A file that a domain has no use for is absent; __init__.py may stand anywhere.
NAMES = {
    "sync": {"events.py", "operations.py", "rules.py"},
    "edge": {
        "schema.sql",
        "schema_2.sql",
        "schema_3.sql",
        "schema_4.sql",
        "schema_5.sql",
        "schema_6.sql",
        "schema_7.sql",
        "schema_8.sql",
        "schema_9.sql",
        "store.py",
        "service.py",
        "routes.py",
        "devices.py",
    },
    "cloud": {"tables.py", "apply.py", "service.py", "publish.py", "routes.py"},
    "kiosk_ui": {"service.py", "routes.py"},
    "firmware_bridges": set(),
    "papers": set(),
}
# Folders inside a domain: the reader of a format, what carries an import out, data that is shipped, and what may be done
# with a ticket after its sale; the line to a payment gateway; gates that are cut off, and what comes of it; what becomes of
# a rating, and what many of them make.
FOLDERS = {
    ("cloud", "timetable"): {"gtfs", "importing", "reading", "sample_feed"},
    ("cloud", "inventory"): {"books", "elsewhere"},
    ("edge", "inventory"): {"aboard", "elsewhere"},
    ("sync", "inventory"): {"elsewhere"},
    ("sync", "timetable"): {"journeys"},
    ("sync", "ticketing"): {"office"},
    ("sync", "register"): {"cards"},
    ("sync", "boarding"): {"cutoff"},
    ("cloud", "boarding"): {"conflicts", "manifest"},
    ("edge", "boarding"): {"manifest"},
    ("edge", "timetable"): {"journeys"},
    ("cloud", "ticketing"): {"office"},
    ("edge", "ticketing"): {"office"},
    ("cloud", "sellers"): {"api", "books"},
    ("edge", "register"): {"cards"},
    ("cloud", "register"): {"cards", "importing", "sample_files"},
    ("edge", "payments"): {"gateway"},
    ("cloud", "ratings"): {"answers", "scoring"},
    ("edge", "duties"): {"handover", "rest"},
    ("sync", "duties"): {"rest"},
}


def strangers(paths: list[Path]) -> list[str]:
    """Files of domains whose name the house does not know."""
    wrong = []
    for path in paths:
        domain = domain_of(path.parts)
        if domain is None or path.name == "__init__.py":
            continue
        inside = path.parts[3:]
        known = NAMES[path.parts[0]] if len(inside) == 1 else FOLDERS.get((path.parts[0], domain), set())
        if not inside or inside[0] not in known:
            wrong.append(str(path))
    return wrong


def test_domains_hold_only_files_of_known_names() -> None:
    assert strangers(files()) == []


def test_tests_stand_under_the_domain_that_they_test() -> None:
    domains = {name for path in files() if (name := domain_of(path.parts))}
    tested = {path.parts[2] for path in files() if path.parts[:2] == ("tests", "domains") and len(path.parts) > 3}
    assert tested <= domains, f"tests of domains that no room has: {tested - domains}"


def test_no_python_file_in_a_domain_is_empty_but_init() -> None:
    empty = [str(path) for path in files() if path.suffix == ".py" and path.name != "__init__.py"
             and path.parts[0] in ROOMS and not path.read_text(encoding="utf-8").strip()]  # fmt: skip
    assert empty == []


def test_a_stranger_is_seen() -> None:
    planted = ["edge/domains/a/helpers.py", "sync/domains/a/store.py", "cloud/domains/a/gtfs/x.py",
               "cloud/domains/timetable/other/x.py"]  # fmt: skip
    assert strangers([Path(name) for name in planted]) == planted
    fine = ["edge/domains/a/schema.sql", "cloud/domains/timetable/gtfs/read.py", "sync/domains/a/__init__.py"]
    assert strangers([Path(name) for name in fine]) == []
