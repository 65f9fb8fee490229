"""Commands of a node, and tickets by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cwt
import pytest
from base45 import b45decode, b45encode

from edge import cli
from sync.domains.ticketing.office.fares import DEFAULT_FARE_RULES
from sync.kernel import cbor, cose, ticket
from sync.kernel.keys import Ed25519Signer, kid_of
from tests.support.nodes import ALL_LEGS, COACH_TRIP, TODAY, Bench, make_bench

NODE = Ed25519Signer(b"the key of node 7, in its box...")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats={1: ALL_LEGS})
    return found


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    """Exit code, the JSON object on the last line, and what was said beside it."""
    code = cli.main(list(words))
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    lines = said.out.strip().splitlines()
    return code, json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None, said.err


def test_a_sample_ticket_can_be_checked_by_anybody(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = run(capsys, "ticket", "sample", "--json")
    assert code == 0
    public = bytes.fromhex(said["issuer_public_key"])
    key = cwt.COSEKey.new({1: 1, 2: kid_of(public), 3: -8, -1: 6, -2: public})
    claims: Any = cwt.decode(bytes(b45decode(said["ticket"][3:])), keys=[key])
    assert claims[7].hex() == said["claims"]["ticket_id"]
    again = run(capsys, "ticket", "verify", said["ticket"], "--key", said["issuer_public_key"], "--json")
    assert again[:2] == (0, {"valid": True, "reason": None, "claims": said["claims"]})


def explained(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> Any:
    code, said, _ = run(capsys, "rules", "explain", "--trip", str(COACH_TRIP), "--data", str(folder), "--json", *words)
    assert code == 0
    return said


def test_rules_say_what_gave_a_price_and_a_fee(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = replace(DEFAULT_FARE_RULES, name="own", source="a notice", from_day=TODAY, agency_no=1)
    bench.operate("net", own.key, own.to_bytes())
    adult = explained(capsys, tmp_path, "--at", "2026-11-23T09:00")
    assert (adult["price"]["price_minor"], adult["price"]["rule"]) == (3000, "fare")
    assert (adult["refund"]["rule"], adult["refund"]["fee_minor"], adult["refund"]["source"]) == (
        "default/120", 300, "common practice of coach stations",
    )  # fmt: skip
    assert (adult["rebooking"]["rule"], adult["rebooking"]["fee_minor"]) == ("default/1", 0)
    child = explained(capsys, tmp_path, "--at", "2026-11-23T14:00", "--rider", "child_with_seat", "--to", "2")
    assert child["price"] == {
        "rule": "own/child_with_seat", "set": "own", "source": "a notice", "from_day": "2026-11-23", "scope": "1",
        "price_minor": 750, "full_minor": 1500, "proofs": ["height", "birth_date"],
    }  # fmt: skip
    assert (child["refund"]["rule"], child["refund"]["fee_minor"]) == ("default/0", 150)
    before = explained(
        capsys, tmp_path, "--at", "2026-11-22T14:00", "--day", "2026-11-23", "--rider", "child_with_seat"
    )
    assert before["price"]["set"] == "default"


def test_rules_say_what_gave_a_refusal(bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blind = explained(capsys, tmp_path, "--at", "2026-11-23T09:00", "--rider", "blind")
    assert (blind["price"]["refusal"], blind["price"]["set"], blind["refund"]) == ("rider_not_here", "default", None)
    late = explained(capsys, tmp_path, "--at", "2026-11-23T15:30")
    assert (late["refund"]["refusal"], late["rebooking"]["refusal"]) == ("refund_departed", "rebook_late")
    words = ("rules", "explain", "--trip", str(COACH_TRIP), "--data", str(tmp_path))
    assert cli.main([*words, "--at", "2026-11-23T15:30"]) == 0
    assert "refund: " in capsys.readouterr().out
    assert run(capsys, *words, "--at", "yesterday")[0] == 2
    assert run(capsys, "rules", "explain", "--trip", "9999", "--data", str(tmp_path))[0] == 1


def test_a_ticket_is_explained_by_the_nodes_directory(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sold = bench.sell()
    code, said, _ = run(capsys, "ticket", "verify", sold.text, "--data", str(tmp_path), "--json")
    assert (code, said["valid"], said["claims"]["ticket_number"]) == (0, True, sold.number)
    assert (said["claims"]["service_date"], said["claims"]["seat"], said["claims"]["rider"]) == (
        "2026-11-23",
        1,
        "adult",
    )


def test_a_forged_ticket_says_so_with_exit_code_1(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = ticket.parse(bench.sell().text).claims
    forged = ticket.issue(claims, NODE)
    code, said, _ = run(capsys, "ticket", "verify", forged, "--data", str(tmp_path), "--json")
    assert (code, said["valid"], said["reason"]) == (1, False, "ticket_unknown_issuer")
    code, said, _ = run(capsys, "ticket", "verify", forged, "--key", bench.node.signer.public.hex(), "--json")
    assert (code, said["reason"]) == (1, "ticket_forged")


@pytest.mark.parametrize("text", ["", "x", "Y1:", "Y1:" + "A" * 3_000, "票", "Y1:\ud800", "--json"])
@pytest.mark.parametrize("key", [None, "", "zz", "00", "00" * 32])
def test_what_is_no_ticket_is_said_so_and_never_falls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, key: str | None
) -> None:
    words = [
        "ticket",
        "verify",
        "--json",
        "--data",
        str(tmp_path),
        *([] if key is None else ["--key", key]),
        "--",
        text,
    ]
    code, said, _ = run(capsys, *words)
    assert (code, said) == (1, {"valid": False, "reason": "ticket_damaged", "claims": None})


@pytest.mark.parametrize("key", ["", "zz", "00"])
def test_a_key_of_a_wrong_form_is_named(capsys: pytest.CaptureFixture[str], key: str) -> None:
    text = run(capsys, "ticket", "sample", "--json")[1]["ticket"]
    code, said, _ = run(capsys, "ticket", "verify", text, "--key", key, "--json")
    assert (code, said["valid"]) == (1, False)
    assert said["reason"] in ("key_form", "ticket_forged")


def test_the_largest_numbers_that_a_ticket_may_hold_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    journey = [(1 << 53) - 1, (1 << 20) - 1, (1 << 53) - 1, (1 << 53) - 1, (1 << 53) - 1, 4]
    payload = cbor.encode({4: (1 << 53) - 1, 7: b"\xff" * 8, -65537: journey})
    text = "Y1:" + b45encode(cose.sign1(payload, NODE)).decode()
    code, said, _ = run(capsys, "ticket", "verify", text, "--key", NODE.public.hex(), "--json")
    assert (code, said["valid"], said["claims"]["day"]) == (0, True, (1 << 20) - 1)


def test_the_status_of_a_node_is_told_without_leaving_a_trace(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = bench.node.scribe.log.head.seq
    code, said, _ = run(capsys, "node", "status", "--data", str(tmp_path), "--json")
    assert (code, said["node_no"], said["head_seq"], said["waiting"]) == (0, 7, before, before)
    assert set(said["digests"]) == {"net", "node/7", "operator/1"}
    assert bench.restart().scribe.log.head.seq == before + 1


@pytest.mark.parametrize("command", [["status"], ["rebuild", "--check"]])
def test_a_folder_without_a_node_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    code, said, error = run(capsys, "node", *command, "--data", str(tmp_path / "nothing"))
    assert (code, said) == (1, None)
    assert error.strip()
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "words", [["node"], ["ticket", "verify"], ["nope"], ["node", "run", "--port", "x"], ["node", "status", "--odd"]]
)
def test_a_mistyped_command_is_explained(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    code, _, error = run(capsys, *words)
    assert code == 2 or not error


def test_enrolling_with_a_mistyped_code_or_no_hub_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--hub", "http://127.0.0.1:9/", "1234"], ["--hub", "nowhere", "7KQ2-M4TD-P9XA-0RZE"],
                  ["--hub", "http://127.0.0.1:9/", "7KQ2-M4TD-P9XA-0RZE"]):  # fmt: skip
        code, said, error = run(capsys, "node", "enrol", "--data", str(tmp_path), *words)
        assert (code, said) == (1, None)
        assert error.strip()
