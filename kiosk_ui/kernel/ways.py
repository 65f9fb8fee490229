"""Journeys with changes as pages show them: each ride with the places that this box may sell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk_ui.kernel.offers import OPEN, Offer, offer_of
from kiosk_ui.kernel.parties import leg_text

if TYPE_CHECKING:
    from edge.bootstrap import Node
    from edge.domains.timetable.journeys.service import Connection


@dataclass(frozen=True)
class Way:
    """A connection; ``offers`` has one item a ride, in order."""

    connection: Connection
    offers: tuple[Offer, ...]

    @property
    def sellable(self) -> bool:
        """Whether this box can sell all of it by one booking."""
        return self.connection.price_minor is not None and all(offer.state == OPEN for offer in self.offers)

    @property
    def legs(self) -> list[str]:
        """Its rides as parameters of an address."""
        return [leg_text(offer.key) for offer in self.offers]

    @property
    def parts(self) -> list[tuple[Offer, int | None]]:
        """Each ride with the minutes that the change behind it takes; None behind the last."""
        return list(zip(self.offers, (*self.connection.change_minutes, None), strict=True))


def ways(
    node: Node, to_stop_no: int, day: int, from_stop_no: int | None = None, after_ms: int | None = None
) -> list[Way]:
    """Ways to a stop on a day, by departure. Raises as :meth:`Journeys.find`."""
    found = node.journeys.find(to_stop_no, day, from_stop_no, after_ms)
    return [Way(one, tuple(offer_of(node, ride) for ride in one.rides)) for one in found]
