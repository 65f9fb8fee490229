"""A box becomes a node: with the code that a person carried, and only by the hub that gave it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bootstrap import Node, build
from edge.kernel import meta
from edge.kernel.enrolment import enrol
from edge.kernel.settings import Settings
from sync.kernel import certificate, enrolment
from sync.kernel.certificate import Certificate
from sync.kernel.enrolment import Welcome
from sync.kernel.errors import Fault, Malformed, Refusal
from sync.kernel.keys import Ed25519Signer
from tests.support.nodes import (
    ALL_LEGS,
    COACH_TRIP,
    HUB_SEED,
    NOON_MS,
    TODAY,
    CountingIds,
    FakeClock,
    NoLine,
    make_bench,
)

SECRET = bytes(range(10))
CODE = enrolment.code_text(SECRET)


class Desk:
    """The hub's side of an enrolment; ``fields`` are what it says wrongly."""

    def __init__(self, **fields: object) -> None:
        self.hub = Ed25519Signer(HUB_SEED)
        self.fields, self.asked, self.lost = fields, 0, 0

    def post(self, path: str, body: bytes) -> bytes:
        assert path == enrolment.PATH
        self.asked += 1
        code_id, public, proof = enrolment.decode_request(body)
        key = enrolment.code_key(SECRET)
        if code_id != enrolment.code_id(SECRET) or not enrolment.proof_holds(key, public, proof):
            raise Fault("enrol_code_unknown", retry=False)
        node_no, epoch = self.fields.get("node_no", 7), self.fields.get("epoch", 1)
        own = Certificate(self.fields.get("named", node_no), epoch, self.fields.get("public", public), TODAY, TODAY + 9)  # type: ignore[arg-type]
        signed = certificate.issue(own, self.fields.get("signer", self.hub))  # type: ignore[arg-type]
        welcome = Welcome(node_no, epoch, self.hub.public, signed, NOON_MS, "Duanzhou")  # type: ignore[arg-type]
        if self.asked <= self.lost:
            raise Fault("hub_away")
        return enrolment.encode_welcome(welcome, self.fields.get("key", key), public)  # type: ignore[arg-type]


@pytest.fixture
def box(tmp_path: Path) -> Node:
    return build(Settings(data=tmp_path), FakeClock(), CountingIds(5), NoLine())


def test_a_code_makes_a_node_of_a_box(box: Node) -> None:
    assert box.fleet.status().node_no is None
    welcome = enrol(CODE.lower().replace("-", " "), box.signer, Desk(), box.scribe)
    assert (welcome.node_no, welcome.name) == (7, "Duanzhou")
    assert box.identity is not None
    assert (box.identity.node_no, box.identity.epoch, box.identity.name) == (7, 1, "Duanzhou")
    assert box.fleet.status().can_sell


@pytest.mark.parametrize("code", ["", "1234", CODE[:-1], CODE + "1", CODE.replace(CODE[0], "U"), "!!!!-!!!!-!!!!-!!!!"])
def test_a_code_of_a_wrong_form_asks_nobody(box: Node, code: str) -> None:
    desk = Desk()
    with pytest.raises(Refusal, match="enrol_code_form"):
        enrol(code, box.signer, desk, box.scribe)
    assert desk.asked == 0


def test_a_mistyped_code_is_not_known(box: Node) -> None:
    with pytest.raises(Fault, match="enrol_code_unknown"):
        enrol("0001-0203-0405-0608", box.signer, Desk(), box.scribe)
    assert box.identity is None


def test_a_lost_answer_is_asked_for_again_with_the_same_code(box: Node) -> None:
    desk = Desk()
    desk.lost = 1
    with pytest.raises(Fault, match="hub_away"):
        enrol(CODE, box.signer, desk, box.scribe)
    assert enrol(CODE, box.signer, desk, box.scribe) == enrol(CODE, box.signer, desk, box.scribe)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"key": bytes(32)}, "enrol_hub_unproven"),
        ({"signer": Ed25519Signer(b"a hub that signs for another hub")}, "cose_unknown_key"),
        ({"public": bytes(32)}, "enrol_certificate"),
        ({"named": 8}, "enrol_certificate"),
    ],
)
def test_a_false_hub_makes_no_node(box: Node, fields: dict[str, object], code: str) -> None:
    with pytest.raises(Malformed) as raised:
        enrol(CODE, box.signer, Desk(**fields), box.scribe)
    assert raised.value.code == code
    assert box.identity is None


@pytest.mark.parametrize("fields", [{"node_no": 8}, {"epoch": 2}])
def test_a_node_does_not_become_another_node(tmp_path: Path, fields: dict[str, object]) -> None:
    """Its log, its grants and its tickets carry its number and epoch."""
    bench = make_bench(tmp_path)
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    number = bench.sell().number
    with pytest.raises(Refusal, match="enrol_key_taken"):
        enrol(CODE, bench.node.signer, Desk(**fields), bench.node.scribe)
    assert bench.node.ticketing.find(number).number == number


def test_a_node_of_one_hub_is_not_taken_over_by_another(tmp_path: Path) -> None:
    bench, desk = make_bench(tmp_path), Desk()
    desk.hub = Ed25519Signer(b"the hub of the next province ...")
    with pytest.raises(Refusal, match="enrol_key_taken"):
        enrol(CODE, bench.node.signer, desk, bench.node.scribe)
    assert meta.get(bench.node.database.read(), "hub_public") == bench.hub.public


def test_a_node_whose_key_was_lost_sells_nothing_and_says_so(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.node.settings.key_file.unlink()
    node = bench.restart()
    assert not node.fleet.status().can_sell
    assert ("box_stopped", {"reason": "key_differs"}) in [(one.code, one.details) for one in node.fleet.status().issues]
    with pytest.raises(Refusal, match="box_stopped"):
        node.scribe.write(lambda unit: None)
