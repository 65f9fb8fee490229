"""On board with the hub away: an inspector looks at trust cards, good ones and bad ones of every kind."""

from __future__ import annotations

import base64
import time
from collections import Counter
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from cloud.bootstrap import build
from cloud.domains.register.tables import card_refusal
from cloud.kernel.settings import load
from cloud.kernel.tables import alert
from sync.domains.register.cards import card as cards
from sync.kernel import cose
from sync.kernel.days import DAY_MS
from sync.kernel.keys import Ed25519Signer
from tests.demo.client import Client
from tests.demo.setup import Demo
from tests.demo.world import DemoFailed, command

GOOD: Final = ("粤H12341", "粤H12342", "望洲 6")
LAPSED, REVOKED, REPLACED = "粤H12355D", "粤H12343", "粤H12344"
FORGED_ALERT: Final = "forged_card"
WAIT_S: Final = 60.0
_LISTED: Final = sa.select(card_refusal.c.reason, sa.func.count()).group_by(card_refusal.c.reason)


class Cards:
    """``texts``: what stands on the cards that hang around, by what a look at them has to find."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self.texts: list[tuple[str, str | None]] = []
        self.found: Counter[str | None] = Counter()

    def make(self) -> None:
        """Make cards, take one back and replace one, while the hub is there."""
        data = ["--data", str(self._demo.hub_data), "--json"]
        made = self._issue(data, *GOOD, LAPSED, REVOKED, REPLACED)
        command(["-m", "cloud.cli", "revoke-card", str(made[REVOKED]["card_no"]), "--reason", "copied", *data])
        self._issue(data, REPLACED)
        self.texts = [(made[plate]["text"], None) for plate in GOOD]
        self.texts += [(made[LAPSED]["text"], cards.PAPERS_OVER), (made[REVOKED]["text"], cards.REVOKED)]
        self.texts += [(made[REPLACED]["text"], cards.REPLACED), (self._expired(made[GOOD[0]]["text"]), cards.EXPIRED)]
        self.texts += [(text, cards.FORGED) for text in _forgeries(made[GOOD[0]]["text"])]

    def wait(self, client: Client) -> None:
        """Until the box on board has heard which cards are no good."""
        begun = time.monotonic()
        replaced = next(text for text, reason in self.texts if reason == cards.REPLACED)
        while self._look(client, replaced) != cards.REPLACED:
            if time.monotonic() - begun > WAIT_S:
                raise DemoFailed("the box on board never heard of the replaced card")
            time.sleep(0.5)

    def check(self, client: Client) -> None:
        """Look at all of them, with nobody to ask."""
        for text, wanted in self.texts:
            found = self._look(client, text)
            if found != wanted:
                raise DemoFailed(f"a card was found {found}, and should be {wanted}")
            self.found[found] += 1

    def facts(self) -> dict[str, Any]:
        """What of it the inspector saw, and what the hub heard: its part of ``on_board``."""
        with self._demo.hub_database.read() as tx:
            heard = {row.reason: row[1] for row in tx.execute(_LISTED)}
            alerts = tx.execute(sa.select(sa.func.count()).where(alert.c.code == FORGED_ALERT)).scalar_one()
        forged = self.found[cards.FORGED]
        if (heard.get(cards.FORGED, 0), alerts) != (forged, forged):
            raise DemoFailed(f"the hub heard of {heard} and told {alerts} alerts, where {forged} cards were forged")
        named = {"cards_revoked": cards.REVOKED, "cards_expired": cards.EXPIRED, "cards_lapsed": cards.PAPERS_OVER}
        return {
            "trust_cards_checked": sum(self.found.values()),
            "forged_cards_refused": forged,
            **{name: self.found[reason] for name, reason in named.items()},
        }

    def _look(self, client: Client, text: str) -> str | None:
        reason: str | None = client.call("POST", "/api/v1/cards/checks", {"code": text})["reason"]
        return reason

    def _issue(self, data: list[str], *plates: str) -> dict[str, dict[str, Any]]:
        made = command(["-m", "cloud.cli", "issue-card", *plates, *data])["cards"]
        return dict(zip(plates, made, strict=True))

    def _expired(self, text: str) -> str:
        """A card of last year, signed by the hub as it would have been."""
        hub = build(load(self._demo.hub_data, {}))
        now_s = hub.clock.wall_ms() // 1000
        card = cards.verify(text, hub.signer.verify_key)
        old = replace(card, card_no=900_000, issued_s=now_s - 400 * DAY_MS // 1000, until_s=now_s - 35 * DAY_MS // 1000)
        made = cards.issue(old, hub.signer, "")
        hub.close()
        return made


def _forgeries(text: str) -> list[str]:
    """A card signed by a stranger, one under the hub's key id, and one with a longer life under the old signature."""
    part = text.rpartition("/")[2].removeprefix(cards.PREFIX)
    data = base64.b32decode(part + "=" * (-len(part) % 8))
    stranger = Ed25519Signer(b"s" * 32)
    card = cards.Card(1, 1_700_000_000, 1_900_000_000, cards.Facts(0, 1, 1, "星湖客运", "粤H88888", "yellow", "coach", 45,
                                                                  "一级", "AAAA", 9_000, 9_000))  # fmt: skip
    own = cards.issue(card, stranger, "https://cards.example")
    stolen = Ed25519Signer(b"t" * 32)
    stolen.kid = cose.parse(data).kid
    changed = bytearray(data)
    changed[-1] ^= 1
    return [own, cards.issue(card, stolen, ""), cards.PREFIX + base64.b32encode(bytes(changed)).decode().rstrip("=")]
