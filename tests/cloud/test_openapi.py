"""The OpenAPI document of the hub describes what the hub does: schemathesis asks everything that it offers."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS

from cloud.domains.sellers.books.accounts import SCOPES
from tests.cloud.test_app import client, signed  # noqa: F401
from tests.cloud.world import World

SELLERS = "/sellers/v1/"
BOUNDED = settings(
    max_examples=6, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def selling(world: World) -> dict[str, str]:
    """Headers of a seller's program. Every request is another one."""
    with world.hub.database.write() as tx:
        number = world.hub.sellers.add(tx, "Bamboo", 1_000_000, 50)
        return {"Authorization": f"Bearer {world.hub.sellers.new_key(tx, number, '', SCOPES)}"}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_the_document_says(
    client: FlaskClient,  # noqa: F811
    signed: dict[str, str],  # noqa: F811
    selling: dict[str, str],
    mode: Any,
) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", client.application)
    accepted: Any = CHECKS.get_one("positive_data_acceptance")
    asked = []
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        asked.append(operation.path)

        headers = selling if operation.path.startswith(SELLERS) else signed

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode, headers=headers))
        def ask(case: Case) -> None:
            # A ticket number with wrong check digits is refused with 422, which no document can describe.
            answer = case.call_and_validate(excluded_checks=[accepted])
            assert answer.status_code < 500

        with contextlib.suppress(Unsatisfiable):  # nothing to ask wrongly
            ask()
    assert len(asked) > 8
