"""A node's process whose files may not grow: the kernel itself says no, and yes again, while the process runs on."""

from __future__ import annotations

import resource
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.kernel import log
from tests.bench import world
from tests.bench.process import Server, node_server
from tests.demo.client import Client, Refused

pytestmark = pytest.mark.processes
ANY = resource.RLIM_INFINITY


@pytest.fixture
def day(tmp_path: Path) -> int:
    return world.prepare(tmp_path)


@pytest.fixture
def server(tmp_path: Path, day: int) -> Iterator[Server]:
    running = node_server(tmp_path)
    running.start()
    running.wait()
    yield running
    running.stop()


def let_files_grow_to(server: Server, size: int) -> None:
    """From now on a write beyond ``size`` bytes fails with EFBIG, which SQLite reports as SQLITE_IOERR_WRITE."""
    assert server.process is not None
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, ANY))


def test_selling_stops_when_the_kernel_takes_no_more_and_goes_on_without_a_restart(
    tmp_path: Path, day: int, server: Server
) -> None:
    client = Client(server.port)
    client.sign_in(world.CLERK_NO, world.PIN)
    wanted = iter(world.sales(day))
    told: list[str] = []

    def sell() -> str:
        path, body = world.sale_request(next(wanted))
        try:
            told.append(client.call("POST", path, body | {"key": uuid.uuid4().hex})["number"])
        except Refused as refused:
            return refused.code
        return "sold"

    assert [sell() for _ in range(5)] == ["sold"] * 5
    let_files_grow_to(server, max(path.stat().st_size for path in tmp_path.glob("node.sqlite*")) + 60_000)
    found = [sell() for _ in range(120)]
    assert found[0] == "sold" and set(found) == {"sold", "disk_full"}
    assert found[-5:] == ["disk_full"] * 5
    status = client.status()
    assert (status["can_sell"], [issue["code"] for issue in status["issues"]]) == (False, ["disk_full"])
    let_files_grow_to(server, ANY)
    assert [sell() for _ in range(5)] == ["sold"] * 5
    assert client.status()["can_sell"]
    server.stop()
    with sqlite3.connect(tmp_path / "node.sqlite") as connection:
        sold = connection.execute("SELECT count(*) FROM ticket").fetchone()[0]
        assert sold == len(told) == len(set(told))
        assert log.check_chain(connection) >= sold
    connection.close()
