"""A node's API in the test's own process, with a signed-in clerk of any role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from edge.app import create_app
from sync.kernel import days
from sync.kernel.operations import Clerk
from tests.support.nodes import ALL_LEGS, COACH_TRIP, FERRY_TRIP, TODAY, Bench, make_bench, pin_hash

DATE = days.date_of(TODAY).isoformat()
TOMORROW = (days.date_of(TODAY) + timedelta(1)).isoformat()
RIDE = {"trip_no": COACH_TRIP, "day": DATE, "from_idx": 0, "to_idx": 4}
ROLE_NOS = {"clerk": 21, "agent": 22, "gate": 23, "admin": 24, "": 25, "driver": 26}


@dataclass
class Api:
    """``get``, ``post``, … answer as Flask's test client does; ``role`` None sends no token."""

    bench: Bench
    client: FlaskClient
    tokens: dict[str, str]

    def ask(self, method: str, path: str, role: str | None = "clerk", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role is not None else {}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers | more.pop("headers", {}), **more)

    def get(self, path: str, role: str | None = "clerk", **more: Any) -> Any:
        return self.ask("GET", path, role, **more)

    def post(self, path: str, body: Any = None, role: str | None = "clerk") -> Any:
        return self.ask("POST", path, role, json=body)


def make_api(folder: Path) -> Api:
    """A node with seats, a clerk for each role and one with none, and its API."""
    bench = make_bench(folder, kind="vehicle")
    clerks = {
        f"clerk/{number}": Clerk(number, f"clerk {number}", tuple(filter(None, [role])), pin_hash()).to_bytes()
        for role, number in ROLE_NOS.items()
    }
    bench.operate_all(("node/7", key, body) for key, body in clerks.items())
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 21), ALL_LEGS))
    bench.grant(FERRY_TRIP, counts={0: 20})
    accounts = bench.node.accounts
    tokens = {}
    for role, number in ROLE_NOS.items():
        found = accounts.clerk(number)
        assert found is not None
        tokens[role] = accounts.open_session(found)
    return Api(bench, create_app(bench.node).test_client(), tokens)
