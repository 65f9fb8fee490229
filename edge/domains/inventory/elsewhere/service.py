"""What is left of a ride in other hands: asked of the hub on demand, kept with its age, never sold from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from sync.domains.inventory.elsewhere import enquiry
from sync.domains.inventory.elsewhere.enquiry import MAX_RIDES, PATH, Wanted
from sync.kernel.errors import Fault, Refusal
from sync.kernel.ports import Signer, Transport

_KEPT: Final = 2_000


@dataclass(frozen=True)
class Elsewhere:
    """Places of a ride that were in other hands ``age_s`` seconds ago."""

    places: int
    age_s: int


class Enquiry:
    """Asks, and remembers until the process ends."""

    def __init__(self, database: Database, keeper: TimeKeeper, signer: Signer, transport: Transport) -> None:
        self._database, self._keeper, self._signer, self._transport = database, keeper, signer, transport
        self._lock = threading.Lock()
        self._figures: OrderedDict[Wanted, tuple[int, int]] = OrderedDict()

    def ask(self, rides: Sequence[Wanted]) -> None:
        """Fetch the figures of up to 40 rides. Raises :class:`Refusal`: ``not_enrolled``, ``hub_away`` (or the hub's
        code)."""
        identity, wanted = meta.known_identity(self._database), list(dict.fromkeys(rides))[:MAX_RIDES]
        if identity is None:
            raise Refusal("not_enrolled", status=503)
        if not wanted:
            return
        question = enquiry.encode(wanted, self._signer)
        try:
            answer = self._transport.post(PATH, question)
        except Fault as error:
            raise Refusal(error.code, status=424) from error
        left = enquiry.decode_answer(answer, question, len(wanted), identity.hub_key)
        now = self._keeper.since_start_ms()
        with self._lock:
            for ride, places in zip(wanted, left.places, strict=True):
                self._figures.pop(ride, None)
                if places is not None:
                    self._figures[ride] = (places, now)
            while len(self._figures) > _KEPT:
                self._figures.popitem(last=False)

    def known(self, ride: Wanted) -> Elsewhere | None:
        """What was last heard of a ride; None when nobody asked."""
        with self._lock:
            found = self._figures.get(ride)
        if found is None:
            return None
        places, at_ms = found
        return Elsewhere(places, max(self._keeper.since_start_ms() - at_ms, 0) // 1000)
