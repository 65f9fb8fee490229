"""Files of the register: whole, or not at all, with every fault by its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloud.cli import main
from cloud.domains.register.importing.columns import COLUMNS
from cloud.domains.register.importing.read import FileRejected
from cloud.domains.register.tables import register_key, register_subject, register_version
from cloud.kernel.audit import audit_entry
from tests.cloud.world import World, new_world
from tests.domains.register.files import (
    DRIVERS,
    NUMBER,
    OPERATORS,
    OTHER_USCC,
    SAMPLE_FILES,
    USCC,
    VEHICLES,
    VIN,
    driver,
    file_of,
    operator,
    vehicle,
)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def take(world: World, data: bytes, name: str = "file.csv") -> tuple[int, int, int]:
    with world.hub.database.write() as tx:
        done = world.hub.register.import_file(tx, name, data, "somebody")
    return done.added, done.changed, done.unchanged


def faults(world: World, data: bytes) -> list[tuple[int, str, str]]:
    """(line, field, code) of a file that is refused, and that it changed nothing."""
    before = rows(world)
    with pytest.raises(FileRejected) as caught:
        take(world, data)
    assert rows(world) == before
    assert all(error.message and error.message != error.code for error in caught.value.errors)
    return [(error.line, error.field, error.code) for error in caught.value.errors]


def rows(world: World) -> int:
    with world.hub.database.read() as tx:
        tables = (register_subject, register_key, register_version)
        return sum(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables)


def found(world: World, text: str, kind: str = "") -> list[Any]:
    with world.hub.database.read() as tx:
        return world.hub.register.search(tx, text, kind)


def test_a_file_is_taken_and_the_same_file_again_changes_nothing(world: World) -> None:
    assert take(world, file_of(OPERATORS, operator(), operator(OTHER_USCC, "桂山轮渡", agencies=""))) == (2, 0, 0)
    data = file_of(VEHICLES, vehicle(), f"{OTHER_USCC},ferry,桂山轮 8,,,180,,440401000001,2030-06-30,2027-01-31,")
    assert take(world, data) == (2, 0, 0)
    assert take(world, data) == (0, 0, 2)
    ship = found(world, "桂山轮")[0] if found(world, "桂山轮")[0].kind == "vehicle" else found(world, "桂山轮")[1]
    assert ship.body["capacity"] == 180 and ship.label == "桂山轮 8"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_headers_words_and_full_width_forms_are_read_in_each_encoding(world: World, encoding: str) -> None:
    take(world, file_of(OPERATORS, operator()))
    header = (
        "经营者统一社会信用代码,类别,车牌号,车牌颜色,车辆识别代号,核定载客,道路运输证号,道路运输证有效期至,检验有效期至"
    )
    line = f"{USCC},班线客车,粤Ｃ·１２３４５,黄,{VIN},４５,440400123456,2030年6月30日,2027/5/31"
    assert take(world, file_of(header, line, encoding=encoding)) == (1, 0, 0)
    body = found(world, "", "vehicle")[0].body
    assert (body["kind"], body["plate"], body["colour"], body["capacity"]) == ("coach", "粤C12345", "yellow", 45)


def test_every_fault_is_told_with_its_line_and_nothing_is_taken(world: World) -> None:
    take(world, file_of(OPERATORS, operator()))
    told = faults(
        world,
        file_of(
            VEHICLES,
            vehicle(),
            vehicle(plate="粤C1234O", vin="1M8GDM9A1KP042788"),
            vehicle(seats="0", inspection="2027-02-30"),
            vehicle(plate="", vin="LSVNV2182E2100001"),
            vehicle() + ",one cell more",
        ),
    )
    assert {(3, "vin", "vin_check_digit"), (4, "capacity", "register_number"), (4, "inspection_until", "register_date"),
            (5, "plate", "register_missing"), (6, "", "register_cells")} <= set(told)  # fmt: skip
    lines = file_of(VEHICLES, vehicle(), vehicle(OTHER_USCC, "粤C54321", vin="1M8GDM9AXKP042788"))
    assert faults(world, lines) == [(3, "operator_uscc", "register_operator")]
    assert faults(world, file_of(VEHICLES, vehicle(), vehicle(plate="粤C54321"))) == [(3, "", "register_twice")]
    assert faults(world, file_of(VEHICLES, vehicle(day="2030-01-01"))) == [(2, "from", "register_future")]
    assert faults(world, file_of(VEHICLES, vehicle(vin=""))) == [(2, "vin", "vehicle_vin")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "register_header"),
        (b"a,b\n1,2\n", "register_header"),
        (file_of("uscc,name"), "register_column_missing"),
        (file_of(OPERATORS + ",colour of the roof", operator() + ",red"), "register_column"),
        (file_of(OPERATORS + ",uscc", operator() + ","), "register_column_twice"),
        (file_of(OPERATORS), "register_empty"),
        (file_of(OPERATORS, operator()).replace(b"4404", b"\x00"), "register_encoding"),
        ("a,b".encode("utf-16"), "register_encoding"),
        (b"\xff\xff\xff", "register_encoding"),
        (file_of(OPERATORS, operator(name='"x')), "register_quotes"),
    ],
)
def test_a_file_that_is_none_says_why(world: World, data: bytes, code: str) -> None:
    assert code in [told[2] for told in faults(world, data)]


def test_the_number_of_a_document_is_nowhere(world: World, tmp_path: Path) -> None:
    """Not in the database, not in what is searched, exported or told, and not in the report of a fault."""
    take(world, file_of(OPERATORS, operator()))
    take(world, file_of(DRIVERS, driver()))
    with pytest.raises(FileRejected) as caught:
        take(world, file_of(DRIVERS, driver(number=NUMBER[:-1] + "0"), driver(qualification="x" * 50 + NUMBER)))
    assert {error.value for error in caught.value.errors} == {"***"}
    with world.hub.database.read() as tx:
        kept = [str(row) for table in (register_subject, register_key, register_version, audit_entry)
                for row in tx.execute(sa.select(table))]  # fmt: skip
        kept.append(world.hub.register.export(tx, "driver"))
    assert kept and not [text for text in kept if NUMBER in text]
    assert found(world, NUMBER) == []
    mine = found(world, "张建国", "driver")[0]
    assert mine.body["document_mask"] == NUMBER[:4] + "*" * 10 + NUMBER[-4:]
    disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert NUMBER.encode() not in disk


def test_a_person_is_known_again_by_the_document(world: World) -> None:
    take(world, file_of(OPERATORS, operator()))
    assert take(world, file_of(DRIVERS, driver())) == (1, 0, 0)
    assert take(world, file_of(DRIVERS, driver(name="张建军", number=NUMBER.lower()))) == (0, 1, 0)
    assert [one.label for one in found(world, "", "driver")] == ["张建军"]


def test_a_vehicle_keeps_its_number_under_another_plate_and_the_old_plate_is_free(world: World) -> None:
    take(world, file_of(OPERATORS, operator()))
    take(world, file_of(VEHICLES, vehicle()))
    number = found(world, "", "vehicle")[0].number
    assert take(world, file_of(VEHICLES, vehicle(plate="粤C99999"))) == (0, 1, 0)
    assert [(one.number, one.label) for one in found(world, "", "vehicle")] == [(number, "粤C99999")]
    other = "1HGCM82633A004352"
    assert take(world, file_of(VEHICLES, vehicle(vin=other))) == (1, 0, 0)
    third = "5GZCZ43D13S812715"
    assert faults(world, file_of(VEHICLES, vehicle(vin=third))) == [(2, "", "register_taken")]


def test_the_command_takes_good_files_and_says_what_is_wrong_with_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = ("--data", str(tmp_path / "hub"), "--json")
    assert main(["import-register", *map(str, SAMPLE_FILES), *hub]) == 0
    done = json.loads(capsys.readouterr().out.splitlines()[-1])["files"]
    assert [(one["kind"], one["added"]) for one in done] == [
        ("operator", 3),
        ("vehicle", 12),
        ("driver", 8),
        ("permit", 3),
    ]
    bad = tmp_path / "bad.csv"
    bad.write_bytes(file_of(OPERATORS, operator(uscc="91440101MA59UQXX0T")))
    assert main(["import-register", str(bad), str(SAMPLE_FILES[1]), *hub]) == 1
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["total"] == 1 and said["files"][0]["unchanged"] == 12
    error = said["errors"][0]
    assert list(error) == ["file", "line", "field", "value", "code", "message"]
    assert (error["file"], error["line"], error["field"], error["code"]) == ("bad.csv", 2, "uscc", "uscc_check_digit")
    assert main(["export-register", "vehicle", str(tmp_path / "out.csv"), *hub]) == 0
    exported = tmp_path / "out.csv"
    capsys.readouterr()
    assert main(["import-register", str(exported), *hub]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["files"][0]["unchanged"] == 12


def test_the_check_of_lines_is_what_keeps_a_bad_file_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: a reader that believes every check digit takes the file that was refused."""
    bad = file_of(OPERATORS, operator(uscc="91440101MA59UQXX0T"))
    assert faults(world, bad) == [(2, "uscc", "uscc_check_digit")]
    blind = tuple(replace(one, read=str) if one.name == "uscc" else one for one in COLUMNS["operator"])
    monkeypatch.setattr("cloud.domains.register.importing.read.COLUMNS", {**COLUMNS, "operator": blind})
    assert take(world, bad) == (1, 0, 0)
