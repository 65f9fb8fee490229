"""The handbook's procedures, walked with its commands: a hub behind real HTTP, a box in its folder, nothing in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waitress.server import create_server

from cloud import cli as hub_cli
from cloud.app import create_app
from cloud.bootstrap import build
from cloud.kernel.settings import Settings
from edge import cli as node_cli
from edge.kernel.alone import alone
from sync.kernel.events import ClerkLocked


class Place:
    """A hub that serves, a box beside it, and the two command lines."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self.hub_data, self.box_data = capsys, folder / "hub", folder / "box"
        self._hub = build(Settings(data=self.hub_data))
        self._server = create_server(create_app(self._hub), host="127.0.0.1", port=0, threads=2)
        self.url = f"http://127.0.0.1:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.close()
        self._thread.join(timeout=10)
        self._hub.close()

    def hub(self, *words: str) -> dict[str, Any]:
        return self._run(hub_cli.main, [*words, "--data", str(self.hub_data), "--json"])

    def node(self, *words: str) -> dict[str, Any]:
        return self._run(node_cli.main, ["node", *words, "--data", str(self.box_data)])

    def fails(self, code: str, *words: str) -> None:
        assert node_cli.main(["node", *words, "--data", str(self.box_data)]) == 1
        assert f"({code}" in self._capsys.readouterr().err

    def _run(self, main: Any, words: list[str]) -> dict[str, Any]:
        assert main(words) == 0, self._capsys.readouterr().err
        found: dict[str, Any] = json.loads(self._capsys.readouterr().out.splitlines()[-1])
        return found

    def write(self, times: int) -> None:
        """Something happens at the box while it has no line."""
        built = node_cli._open(self.box_data)
        for number in range(times):
            built.scribe.write(lambda unit, number=number: unit.append(ClerkLocked(number + 1, 5, 0)))  # type: ignore[misc]
        built.database.close()

    def issues(self) -> list[str]:
        return [issue["code"] for issue in self.node("status", "--json")["issues"]]


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    found = Place(tmp_path, capsys)
    code = found.hub("add-node", "pier-1", "--kind", "pier")["code"]
    found.node("enrol", "--hub", found.url, code)
    yield found
    found.close()


def visit(place: Place) -> None:
    """What a running box does by itself."""
    built = node_cli.build(node_cli.load(place.box_data, hub_url=place.url), record_start=False)
    built.exchange.visit()
    built.database.close()


def test_a_revoked_box_goes_on_and_a_person_takes_its_tail_in(place: Place) -> None:
    place.hub("revoke", "pier-1", "--reason", "left on the boat")
    place.write(3)
    visit(place)
    assert "revoked" in place.issues()
    code = place.hub("code", "pier-1")["code"]
    said = place.node("re-enrol", "--hub", place.url, code, "--json")
    assert (said["name"], said["log"], said["handed_in"]) == ("pier-1", 2, 3)
    assert place.issues() == []
    (tail,) = place.hub("tails")["tails"]
    assert (tail["epoch"], tail["handed_by"], tail["events"], tail["fresh"], tail["verdict"]) == (1, 2, 3, 3, "")
    assert place.hub("accept-tail", tail["name"], "--reason", "seen by hand")["events"] == 3
    (tail,) = place.hub("tails")["tails"]
    assert (tail["verdict"], tail["fresh"], tail["reason"]) == ("accepted", 0, "seen by hand")
    assert place.hub("rebuild", "--check")["differing"] == place.node("rebuild", "--check")["differing"] == []


def test_a_healthy_box_changes_its_key_with_nothing_handed_in(place: Place) -> None:
    place.write(2)
    code = place.hub("code", "pier-1")["code"]
    assert place.node("re-enrol", "--hub", place.url, code, "--json")["handed_in"] == 0
    assert place.hub("tails")["tails"] == [] and place.issues() == []


def test_the_command_waits_for_the_box_to_be_stopped(place: Place) -> None:
    code = place.hub("code", "pier-1")["code"]
    with alone(place.box_data):
        place.fails("node_running", "re-enrol", "--hub", place.url, code)
    assert place.node("re-enrol", "--hub", place.url, code, "--json")["log"] == 2


def test_without_a_hub_nothing_is_changed(place: Place) -> None:
    place.fails("hub_away", "re-enrol", "--hub", "http://127.0.0.1:9", "0000-0000-0000-0000")
    assert place.node("status", "--json")["node_no"] == 1 and place.issues() == []
