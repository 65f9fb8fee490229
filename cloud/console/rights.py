"""Who may open and who may send each page: one row an endpoint. A page without a row is refused to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cloud.kernel.accounts import ADMIN, OPERATOR, VIEWER

ANYONE: Final = ""


@dataclass(frozen=True, slots=True)
class Right:
    """Roles needed to read and to send; None for a page that takes nothing."""

    read: str = VIEWER
    send: str | None = None


RIGHTS: Final[dict[str, Right]] = {
    "static": Right(ANYONE),
    "unknown": Right(),
    "sign_in": Right(ANYONE, ANYONE),
    "sign_out": Right(OPERATOR, OPERATOR),
    "passphrase": Right(OPERATOR, OPERATOR),
    "account": Right(OPERATOR),
    "token_add": Right(VIEWER, VIEWER),
    "token_drop": Right(VIEWER, VIEWER),
    "overview": Right(),
    "nodes": Right(),
    "node_add": Right(ADMIN, ADMIN),
    "node": Right(),
    "node_code": Right(ADMIN, ADMIN),
    "node_revoke": Right(ADMIN, ADMIN),
    "issue_close": Right(ADMIN, ADMIN),
    "sales": Right(),
    "trips": Right(),
    "trip": Right(),
    "disruption": Right(),
    "runs": Right(),
    "departures": Right(),
    "duty": Right(),
    "duty_give": Right(ADMIN, ADMIN),
    "duty_end": Right(ADMIN, ADMIN),
    "refund_requests": Right(),
    "refund_decide": Right(ADMIN, ADMIN),
    "disrupt": Right(ADMIN, ADMIN),
    "vehicle": Right(),
    "vehicle_change": Right(ADMIN, ADMIN),
    "release": Right(ADMIN, ADMIN),
    "notices": Right(),
    "notice_add": Right(ADMIN, ADMIN),
    "notice_withdraw": Right(ADMIN, ADMIN),
    "ratings": Right(),
    "scores": Right(OPERATOR),
    "voices": Right(OPERATOR),
    "voice": Right(OPERATOR, OPERATOR),
    "shifts": Right(),
    "alerts": Right(),
    "alert_seen": Right(ADMIN, ADMIN),
    "quarantine": Right(),
    "quarantined": Right(VIEWER, ADMIN),
    "conflicts": Right(),
    "conflict": Right(),
    "conflict_decide": Right(ADMIN, ADMIN),
    "tails": Right(),
    "tail_decide": Right(ADMIN, ADMIN),
    "imports": Right(),
    "feed_import": Right(),
    "stops": Right(),
    "payments": Right(),
    "sellers": Right(),
    "seller_add": Right(ADMIN, ADMIN),
    "seller": Right(VIEWER, ADMIN),
    "seller_table": Right(),
    "seller_key_add": Right(ADMIN, ADMIN),
    "seller_key_end": Right(ADMIN, ADMIN),
    "seller_paid": Right(ADMIN, ADMIN),
    "seller_issue": Right(ADMIN, ADMIN),
    "seller_bar": Right(ADMIN, ADMIN),
    "register": Right(),
    "register_import": Right(ADMIN, ADMIN),
    "register_table": Right(ADMIN),
    "register_subject": Right(VIEWER, ADMIN),
    "register_strike": Right(ADMIN, ADMIN),
    "cards": Right(),
    "cards_due": Right(ADMIN, ADMIN),
    "card_issue": Right(ADMIN, ADMIN),
    "card_revoke": Right(ADMIN, ADMIN),
    "card_print": Right(),
    "card_code": Right(),
    "clerks": Right(),
    "clerk_add": Right(ADMIN, ADMIN),
    "clerk": Right(ADMIN, ADMIN),
    "clerk_pin": Right(ADMIN, ADMIN),
    "clerk_leave": Right(ADMIN, ADMIN),
    "travellers": Right(ADMIN),
    "traveller_reveal": Right(ADMIN, ADMIN),
    "audit": Right(),
}
BEFORE_CHANGE: Final = frozenset({"static", "sign_in", "sign_out", "passphrase"})
"""What somebody with a one-time passphrase may do."""
SECTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("", ("overview",)),
    ("trade", ("sales", "refund_requests", "trips", "shifts", "payments", "sellers")),
    ("road", ("runs", "departures", "notices")),
    ("voices", ("ratings", "voices", "scores")),
    ("wrong", ("alerts", "conflicts", "quarantine")),
    ("base", ("nodes", "imports", "stops", "register", "cards")),
    ("people", ("clerks", "travellers", "audit")),
)
"""The pages that the side of each page leads to, in groups; everybody sees those that they may read."""
