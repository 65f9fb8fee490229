"""Bad input anywhere: a code, a sentence that says what to do, nothing lost, never a stack trace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edge.kernel import log
from tests.edge.api import DATE, RIDE, Api, make_api
from tests.edge.folding import differing
from tests.security.test_rights import RIGHTS

HUGE = "9" * 25
ODD: list[Any] = [
    None, "", " ", "x", "\ud800", "\x00", "票" * 400, -1, 0, 1.5, 2**63, 2**64, -(2**70), True, [], {}, [[]], {"a": 1}, HUGE,
    "2026-02-30", "0001-01-01", "9999-12-31", "20261123", "'; DROP TABLE ticket; --", "%s%n", "../../etc",
]  # fmt: skip
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/sessions"): {"clerk_no": 21, "pin": "0000"},
    ("POST", "/trips/101/seats"): {"day": DATE, "from_idx": 0, "to_idx": 4, "count": 2},
    ("POST", "/tickets"): {**RIDE, "seat": None, "key": "a-key-of-its-own", "tendered_minor": 5000},
    ("POST", "/orders"): {**RIDE, "seat": 3},
    ("POST", "/orders/1/confirm"): {"tendered_minor": 1},
    ("POST", "/boarding/checks"): {"code": "Y1:X", "trip_no": 101, "day": DATE, "gate": "g1", "stop_idx": 0},
    ("PUT", "/boarding/current"): {"trip_no": 101, "day": DATE},
    ("POST", "/ratings"): {"ticket": "Y1:X", "short_code": "ABCD", "level": 5, "tags": ["clean"], "comment": "x"},
}
QUERIES: dict[str, dict[str, Any]] = {
    "/destinations": {"text": "gu"},
    "/rides": {"to_stop_no": 5, "day": DATE, "from_stop_no": 1},
    "/departures": {"day": DATE},
    "/trips/101": {"day": DATE},
    "/trips/101/seats": {"day": DATE, "from_idx": 0, "to_idx": 4},
    "/tickets": {"ticket": "00007-01-0000001-26"},
    "/takings": {"day": DATE, "mine": "false"},
}
FIELDS = [(method, path, name) for (method, path), body in BODIES.items() for name in body]
PARAMETERS = [(path, name) for path, query in QUERIES.items() for name in query]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    return make_api(tmp_path_factory.mktemp("input"))


def checked(answer: Any) -> int:
    """The status of an answer that is right in form: JSON, and every error with its code and a sentence."""
    if answer.status_code >= 400:
        said = answer.json
        assert set(said) == {"code", "message", "field"}
        assert said["message"]
        assert said["message"] != said["code"], f"no sentence for {said['code']}"
        assert "Traceback" not in answer.get_data(as_text=True)
        assert answer.status_code != 500, said
    return int(answer.status_code)


@pytest.mark.parametrize(("method", "path", "name"), FIELDS)
def test_any_field_may_hold_anything(api: Api, method: str, path: str, name: str) -> None:
    for value in ODD:
        body = BODIES[method, path] | {name: value}
        text = json.dumps(body)
        checked(api.ask(method, path, data=text, content_type="application/json"))


@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_any_parameter_may_hold_anything(api: Api, path: str, name: str) -> None:
    for value in ODD:
        text = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else str(value)
        checked(api.get(path, query_string=QUERIES[path] | {name: text}))


@pytest.mark.parametrize(("method", "path", "name"), FIELDS)
def test_a_field_that_is_missing_is_named_or_has_a_default(api: Api, method: str, path: str, name: str) -> None:
    body = {key: value for key, value in BODIES[method, path].items() if key != name}
    answer = api.ask(method, path, json=body)
    checked(answer)
    if answer.status_code == 422 and answer.json["code"] == "http_422":
        assert answer.json["field"] == name


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_field_that_nobody_knows_is_refused_and_named(api: Api, method: str, path: str) -> None:
    answer = api.ask(method, path, json=BODIES[method, path] | {"priec": 1})
    assert checked(answer) == 422
    assert answer.json["field"] == "priec"


RUBBISH = {
    "no JSON": b"{", "no UTF-8": b"\xff\xfe{}", "another shape": b"[1]", "a text": b'"x"', "nothing": b"", "null": b"null",
    "too deep": b"[" * 200_000, "a long number": b'{"clerk_no": ' + b"9" * 6_000 + b"}", "NaN": b'{"clerk_no": NaN}',
    "twice": b'{"clerk_no": 1, "clerk_no": 2}', "a zero byte": b"\x00",
}  # fmt: skip


@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_body_that_is_none_is_refused_in_words(api: Api, method: str, path: str, body: bytes) -> None:
    for kind in (
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        assert 400 <= checked(api.ask(method, path, data=body, content_type=kind)) < 500 or path.endswith("confirm")


def test_a_body_above_the_bound_is_refused(api: Api) -> None:
    answer = api.client.post("/api/v1/sessions", data=b"x" * (11 * 1024 * 1024), content_type="application/json")
    assert checked(answer) == 413


@pytest.mark.parametrize("number", ["0", "-1", HUGE, "9007199254740991", "x", "1.5", "%00", "1%2F2", "999"])
def test_any_number_in_an_address_is_not_found_or_refused(api: Api, number: str) -> None:
    for method, path in RIGHTS:
        if "{" in path:
            url = path.removeprefix("/api/v1").replace("{trip_no}", number).replace("{order_no}", number)
            answer = api.ask(
                method, url.replace("{number}", number), query_string={"day": DATE, "from_idx": 0, "to_idx": 1}
            )
            assert 400 <= checked(answer) < 500, url


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v1/nope", "/api/v1/tickets/", "/api/v2/status", "/api/v1/%ff"]
)
def test_an_address_that_is_none_is_not_found_in_words(api: Api, path: str) -> None:
    assert checked(api.client.get(path)) in (200, 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_a_method_that_is_not_offered_is_refused_in_words(api: Api, method: str) -> None:
    assert checked(api.ask(method, "/tickets")) == 405


@pytest.mark.parametrize(
    ("asked", "text"),
    [("en", "Please sign in first."), ("zh-HK", "請先登入。"), ("zh-CN,en;q=0.5", "请先登录。"), ("fr", "请先登录。"),
     ("zh-Hant", "請先登入。"), ("*;q=\x00", "请先登录。"), ("", "请先登录。")],
)  # fmt: skip
def test_a_refusal_speaks_the_language_of_who_asks(api: Api, asked: str, text: str) -> None:
    headers = {"Accept-Language": asked}
    assert api.get("/status", None, headers=headers).json["message"] == text


def test_the_language_may_also_stand_in_the_address(api: Api) -> None:
    assert api.get("/status?lang=en", None).json["message"] == "Please sign in first."
    assert api.get("/status?lang=xx", None).json["code"] == "sign_in_first"


def test_an_error_that_nobody_thought_of_shows_nothing_of_itself(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(text: str = "") -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(api.bench.node.timetable, "destinations", burst)
    answer = api.get("/destinations")
    assert (answer.status_code, answer.json["code"]) == (500, "http_500")
    assert "secret" not in answer.get_data(as_text=True)
    assert "ZeroDivision" not in answer.get_data(as_text=True)


def test_after_all_of_this_the_log_is_whole_and_the_box_still_sells(api: Api) -> None:
    node = api.bench.node
    assert log.check_chain(node.database.read()) == node.scribe.log.head.seq
    assert differing(node) == []
    assert node.fleet.status().can_sell
