"""The OpenAPI document of a node describes what the node does: schemathesis asks everything that it offers."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS

from tests.edge.api import Api, make_api
from tests.security.test_rights import RIGHTS

OPERATIONS = sorted(
    row for row in RIGHTS if row[1].startswith("/api/v1/") and row[1] != "/api/v1/openapi.json"
)  # fmt: skip
BOUNDED = settings(
    max_examples=8, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    return make_api(tmp_path_factory.mktemp("openapi"))


@pytest.fixture(scope="module")
def schema(api: Api) -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", api.client.application)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_the_document_says(
    api: Api, schema: Any, method: str, path: str, mode: GenerationMode
) -> None:
    operation = schema[path][method]
    accepted: Any = CHECKS.get_one("positive_data_acceptance")
    roles = RIGHTS[method, path] or {"clerk"}
    headers = {"Authorization": f"Bearer {api.tokens[sorted(roles - {''})[0]]}"}

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode, headers=headers))
    def ask(case: Case) -> None:
        # A ride that does not exist is refused with 422 as well; what the document allows is never `http_422`.
        answer = case.call_and_validate(excluded_checks=[accepted])
        assert mode is GenerationMode.NEGATIVE or answer.status_code != 422 or answer.json()["code"] != "http_422"

    with contextlib.suppress(Unsatisfiable):  # nothing to ask wrongly
        ask()


def test_the_document_is_complete(api: Api) -> None:
    document: Any = api.client.get("/api/v1/openapi.json").json
    offered = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    assert offered == set(OPERATIONS)
    for method, path in OPERATIONS:
        assert document["paths"][path][method.lower()]["summary"].endswith("."), path
    for name in ("UNPROCESSABLE_ENTITY", "DEFAULT_ERROR"):
        said = document["components"]["responses"][name]["content"]["application/json"]["schema"]
        assert said == {"$ref": "#/components/schemas/Problem"}
