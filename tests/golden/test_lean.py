"""What protocol 2 signed is read for ever: requests with a sale, with many, with nothing; answers; in every packing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from sync.domains import EVENTS
from sync.kernel import lean, rows, wire
from sync.kernel.exchange import Request
from tests.golden import samples
from tests.golden.test_wire import HUB, NODE, REQUEST, RESPONSE, find

FILE: Final = Path(__file__).parent / "v2" / "signed.json"
SUM: Final = "9799c621"
HASH: Final = REQUEST.prev_hash
ONE_OF_EACH: Final = tuple(EVENTS.encode(event, samples.STAMP) for event in samples.EVENTS.values())
# Those that there were when the file was written; a kind of event that came later has no place in it.
FIRST: Final = (
    "node_started", "clerk_locked", "ticket_sold", "seats_asked", "grant_returned", "grant_returned_free",
    "ticket_boarded", "boarding_refused", "boarding_refused_unread", "gate_opened", "trip_rated", "trip_rated_bare",
)  # fmt: skip
SALE: Final = EVENTS.encode(samples.EVENTS["ticket_sold"], samples.STAMP)
CHECK: Final = (bytes(range(8)),)
SAID: Final[dict[str, Request]] = {
    "idle": replace(REQUEST, events=(), exceptions={}, reported={}, protocol=2),
    "sale": replace(REQUEST, events=(SALE,), exceptions={}, reported={}, protocol=2),
    "rows": replace(
        REQUEST,
        epoch=3,
        events=tuple(EVENTS.encode(samples.EVENTS[name], samples.STAMP) for name in FIRST),
        check=CHECK,
        packings=(wire.GZIP,),
        protocol=2,
    ),
    "plain": replace(REQUEST, protocol=2),
}
TOLD: Final = replace(RESPONSE, speaks=2, found=(1, [], []))


def made() -> dict[str, str]:
    """Everything as this software signs it, unpacked."""
    found = {name: lean.encode_request(one, NODE, wire.RAW).hex() for name, one in SAID.items()}
    return found | {"response": lean.encode_response(TOLD, b"a request", HUB, wire.RAW).hex()}


def write() -> None:
    """The file, once: `python -c 'from tests.golden import test_lean; test_lean.write()'`."""
    packed = {f"plain{name}": lean.encode_request(SAID["plain"], NODE, kind).hex() for name, kind in PACKINGS.items()}
    packed |= {
        f"response{name}": lean.encode_response(TOLD, b"a request", HUB, kind).hex() for name, kind in PACKINGS.items()
    }
    with FILE.open("x", encoding="utf-8") as file:
        json.dump(made() | packed, file, indent=1)


PACKINGS: Final = {"_zstd": wire.ZSTD, "_gzip": wire.GZIP}


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    data = FILE.read_bytes()
    assert hashlib.sha256(data).hexdigest()[:8] == SUM, "a golden file is never edited"
    found: dict[str, Any] = json.loads(data)
    return found


@pytest.mark.parametrize("name", SAID)
def test_a_request_is_read(kept: dict[str, Any], name: str) -> None:
    data = bytes.fromhex(kept[name])
    assert lean.decode_request(data, find, lambda _kid, _seq: HASH) == (NODE.kid, SAID[name])


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_packing_is_read(kept: dict[str, Any], packing: str) -> None:
    request, answer = bytes.fromhex(kept[f"plain{packing}"]), bytes.fromhex(kept[f"response{packing}"])
    assert lean.decode_request(request, find, lambda _kid, _seq: HASH) == (NODE.kid, SAID["plain"])
    assert lean.decode_response(answer, b"a request", find) == TOLD


def test_an_answer_is_read(kept: dict[str, Any]) -> None:
    assert lean.decode_response(bytes.fromhex(kept["response"]), b"a request", find) == TOLD


def test_it_is_signed_the_same_way_today(kept: dict[str, Any]) -> None:
    assert made() == {name: kept[name] for name in made()}


def test_one_of_each_event_travels_as_rows_and_what_is_no_event_as_it_is() -> None:
    assert rows.unpack(rows.pack(ONE_OF_EACH) or b"") == ONE_OF_EACH
    assert rows.pack(REQUEST.events) is None
