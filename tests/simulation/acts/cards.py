"""Trust cards: the hub makes them and takes them back; boxes look at them with nobody to ask."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cbor2
import sqlalchemy as sa

import cloud.domains.register
from cloud.bootstrap import Hub
from cloud.domains.register.tables import register_subject
from sync.domains.register.cards.card import DAMAGED, FORGED, GREEN, RED, REPLACED, REVOKED, Verdict
from tests.simulation.acts.counter import CLERK_NO
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

_FILES: Final = Path(cloud.domains.register.__file__).parent / "sample_files"
_SIGNS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BLOCK: Final = 500


def card_issue(world: World, _box: Box, rng: random.Random) -> str:
    """A card for a vehicle of the register, which is brought in before the first; earlier ones of the same are no good."""
    pick = rng.random()

    def issue(hub: Hub, tx: sa.Connection) -> tuple[int, str]:
        query = sa.select(register_subject.c.number).where(register_subject.c.kind == "vehicle")
        if not tx.execute(query).first():
            for name in ("operators.csv", "vehicles.csv"):
                hub.register.import_file(tx, name, (_FILES / name).read_bytes(), "sim")
        numbers = sorted(tx.execute(query).scalars())[:4]  # few, so that cards are replaced
        made = hub.cards.issue(tx, numbers[int(pick * len(numbers))], "sim")
        return made.card_no, made.text

    found, code = world.hub.quietly(issue)
    if not code:
        world.cards[found[0]] = found[1]
    world.hub.say(f"card: {code or found[0]}")
    return code or "made"


def card_revoke(world: World, _box: Box, rng: random.Random) -> str:
    """A card was lost or copied."""
    if not world.cards:
        return "no card"
    card_no = rng.choice(sorted(world.cards))
    _, code = world.hub.admin(f"card {card_no} revoked", lambda hub, tx: hub.cards.revoke(tx, card_no, "lost", "sim"))
    return code or "revoked"


def card_look(world: World, box: Box, rng: random.Random) -> str:
    """An inspector scans a card, mostly a good one; some are bent, or were never signed by this hub."""
    if not world.cards:
        return "no card"
    card_no = rng.choice(sorted(world.cards))
    text, bent = world.cards[card_no], rng.random() < 0.2
    if bent:
        at = rng.randrange(len(text) - 60, len(text) - 1)
        text = text[:at] + rng.choice(_SIGNS.replace(text[at], "")) + text[at + 1 :]
    told = _told_void(box, card_no)
    answer = box.ask(lambda node: node.cards.inspect(text, CLERK_NO))
    if not answer.code:
        _judge(world, box, card_no, answer.value, bent, told)
    return answer.code or str(answer.value.reason or answer.value.colour)


def _judge(world: World, box: Box, card_no: int, verdict: Verdict, bent: bool, told: int | None) -> None:
    said = f"{box.name} calls card {card_no} {verdict.colour} ({verdict.reason})"
    if bent:
        if verdict.colour != RED or verdict.reason not in (DAMAGED, FORGED):
            raise Violation("card_forged", f"{said}, which is bent")
        return
    if verdict.reason in (DAMAGED, FORGED):
        raise Violation("card_good", said)
    if world.fired["restored_hub"] or world.fired["rotten_row"]:
        return  # a hub makes numbers again that it has forgotten; nobody can say what a box was told whose rows went bad
    if told is not None and (verdict.colour == GREEN or (told == 0 and verdict.colour != RED)):
        raise Violation("card_void", f"{said}, and was told that it is void")
    if told is None and verdict.reason in (REVOKED, REPLACED):
        raise Violation("card_good", f"{said}, and nobody has said so")


def _told_void(box: Box, card_no: int) -> int | None:
    """Why a card is no good (0: taken back, 1: replaced), as the hub has told this box; None where it has not."""
    said = box.heard("net", f"void-cards/{card_no // BLOCK}")
    listed: list[Any] = cbor2.loads(said)[0] if said else []
    return next((why for number, why, _ in listed if number == card_no), None)


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    act.__name__: act for act in (card_issue, card_revoke, card_look)
}
