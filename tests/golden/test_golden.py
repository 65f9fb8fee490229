"""What version 1 wrote decodes for ever, and to the same bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sync.domains import EVENTS
from sync.kernel import cbor, records
from sync.kernel.operations import Record
from tests.golden import samples
from tests.golden.write import FOLDER, SUMS, described

FILES = sorted(FOLDER.glob("*.cbor"))
RECORDS: dict[str, Any] = {
    kind.__name__: kind for kind in Record.__subclasses__() if kind.__module__.startswith("sync.")
}
KINDS: dict[str, Any] = {kind.__name__: kind for kind in EVENTS} | RECORDS


def read(path: Path) -> tuple[bytes, dict[str, Any]]:
    return bytes.fromhex(path.read_text()), json.loads(path.with_suffix(".json").read_text())


def grown(found: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """``found`` without the fields that were added since: they have their defaults and stand behind those told of."""
    return found | {"fields": dict(list(found["fields"].items())[: len(said["fields"])])}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_file_decodes_to_what_it_says_and_encodes_to_the_same_bytes(path: Path) -> None:
    data, said = read(path)
    if path.stem.startswith("event_"):
        envelope = EVENTS.decode(data)
        assert (envelope.version, envelope.stamp) == (1, samples.STAMP)
        assert grown(described(envelope.event), said) == said
        assert cbor.encode([envelope.type, 1, *cbor.decode(data)[2:5], envelope.body]) == data
        if KINDS[said["kind"]].VERSION == 1:
            assert EVENTS.encode(envelope.event, envelope.stamp) == data  # type: ignore[arg-type]
    else:
        kind = KINDS[said["kind"]]
        found = described(kind.from_bytes(data))
        assert grown(found, said) == said
        if len(found["fields"]) == len(said["fields"]):
            assert kind.from_bytes(data).to_bytes() == data


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_event_and_every_record_has_a_golden_file(kind: str) -> None:
    kinds = {read(path)[1]["kind"] for path in FILES}
    assert kind in kinds, "give tests/golden/samples.py an example and run `python -m tests.golden.write`"


def test_no_golden_file_was_edited_added_or_taken_away() -> None:
    told = {line.split("  ")[1]: line.split("  ")[0] for line in SUMS.read_text().splitlines()}
    there = {path.name for path in FOLDER.iterdir()} - {SUMS.name}
    assert there == set(told)
    for name, wanted in told.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == wanted, name


def test_type_numbers_are_those_of_version_1() -> None:
    """A number once given never names anything else."""
    numbers = {kind.__name__: kind.TYPE for kind in EVENTS}
    assert numbers == numbers | {
        "NodeStarted": 1, "ClerkLocked": 5, "TicketSold": 10, "TicketRefunded": 11, "BookingSold": 12, "TravellerNamed": 13,
        "TicketRebooked": 14, "TicketReissued": 15, "RefundAsked": 16, "RefundPaid": 17, "SeatTakenBack": 18,
        "SeatsAsked": 20, "GrantReturned": 21,
        "TicketBoarded": 30, "BoardingRefused": 31, "GateOpened": 32, "TicketSuperseded": 33, "TripRated": 40,
    }  # fmt: skip
    prefixes = {name: kind.PREFIX for name, kind in RECORDS.items()}
    assert prefixes == prefixes | {
        "Agency": "agency", "Stop": "stop", "SeatPlan": "seatplan", "Service": "service", "Route": "route",
        "Pattern": "pattern", "Trip": "trip", "Certificate": "key", "Revocation": "revoked", "Profile": "profile",
        "Subscriptions": "subscriptions", "Clerk": "clerk", "Duty": "duty", "ManifestEntry": "manifest",
        "Grant": "grant", "Recall": "recall", "VoidTicket": "void", "RefundRules": "ruleset",
        "RealNameRules": "ruleset/realname", "SealingKey": "sealing", "RebookRules": "ruleset/rebook",
        "Disruption": "disruption", "RefundWord": "refund", "Notice": "notice",
        "FareRules": "ruleset/fare",
    }  # fmt: skip
    assert len(set(prefixes.values())) == len(prefixes)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_older_reader_takes_the_fields_that_it_knows(path: Path) -> None:
    """What a newer version appends does not keep this one from reading."""
    data, said = read(path)
    kind = KINDS[said["kind"]]
    body = cbor.decode(data)[5] if path.stem.startswith("event_") else cbor.decode(data)
    whole = records.to_body(records.from_body(kind, body))
    assert records.from_body(kind, [*whole, "a field of the future", {"x": 1}]) == records.from_body(kind, body)
