"""Lines of register files, for tests. Operators and people are invented, and no number is anybody's."""

from __future__ import annotations

from pathlib import Path

from tests.support.documents import resident_id

SAMPLES = Path(__file__).parents[3] / "cloud/domains/register/sample_files"
SAMPLE_FILES = tuple(SAMPLES / f"{name}.csv" for name in ("operators", "vehicles", "drivers", "permits"))
USCC, OTHER_USCC = "91350100M000100Y43", "91110000600037341L"
VIN = "1M8GDM9AXKP042788"
OPERATORS = "uscc,name,name_en,licence_no,licence_until,trust_level,agencies,from"
VEHICLES = "operator_uscc,kind,plate,colour,vin,capacity,technical_grade,permit_no,permit_until,inspection_until,from"
DRIVERS = "operator_uscc,name,document_type,document_number,licence_class,licence_until,qualification_no,qualification_until,from"
NUMBER = resident_id(7)


def file_of(header: str, *lines: str, encoding: str = "utf-8") -> bytes:
    """A file with these lines."""
    return ("\n".join([header, *lines]) + "\n").encode(encoding)


def operator(uscc: str = USCC, name: str = "横琴客运", trust: str = "AAA", agencies: str = "A", day: str = "") -> str:
    return f"{uscc},{name},Hengqin Coaches,440400000001,2030-12-31,{trust},{agencies},{day}"


def vehicle(
    uscc: str = USCC, plate: str = "粤C12345", colour: str = "yellow", vin: str = VIN, seats: str = "45",
    inspection: str = "2027-05-31", day: str = "",
) -> str:  # fmt: skip
    return f"{uscc},coach,{plate},{colour},{vin},{seats},一级,440400123456,2030-06-30,{inspection},{day}"


def driver(
    uscc: str = USCC, name: str = "张建国", number: str = NUMBER, qualification: str = NUMBER, day: str = ""
) -> str:
    return f"{uscc},{name},resident_id,{number},A1,2031-12-31,{qualification},2030-12-31,{day}"
