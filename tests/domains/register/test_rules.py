"""Numbers of the register: what can be right, and what can't."""

from __future__ import annotations

import pytest

from sync.domains.register import rules
from sync.kernel.errors import Refusal

GOOD_USCC = ("91350100M000100Y43", "91110000600037341L")
GOOD_VIN = "1M8GDM9AXKP042788"  # the example of the standard


@pytest.mark.parametrize("code", GOOD_USCC)
def test_a_good_code_is_read_however_it_is_typed(code: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    for typed in (code, code.lower(), f" {code} ", wide, f"{code[:8]} {code[8:]}"):
        assert rules.read_uscc(typed) == code


@pytest.mark.parametrize("code", GOOD_USCC)
def test_every_single_wrong_sign_of_a_code_is_found(code: str) -> None:
    for place in range(18):
        for sign in "0123456789ABCDEFGHJKLMNPQRTUWXY":
            if sign != code[place]:
                with pytest.raises(Refusal, match=r"uscc_form|uscc_check_digit"):
                    rules.read_uscc(code[:place] + sign + code[place + 1 :])


@pytest.mark.parametrize("code", ["91440101MA59UQXX0T", "", "9135010", "91350100I000100Y43", "91350100M000100Y431"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(Refusal, match="uscc"):
        rules.read_uscc(code)


@pytest.mark.parametrize(
    ("typed", "colour", "plate"),
    [
        ("粤C12345", "yellow", "粤C12345"),
        ("粤Ｃ·１２３４５", "blue", "粤C12345"),
        ("粤c 1234学", "yellow", "粤C1234学"),
        ("粤Z1234港", "black", "粤Z1234港"),
        ("粤BD12345", "green", "粤BD12345"),
        ("粤BF 8 1234", "green", "粤BF81234"),
        ("粤H12345D", "yellow_green", "粤H12345D"),
    ],
)
def test_a_plate_is_written_in_one_way(typed: str, colour: str, plate: str) -> None:
    assert rules.read_plate(typed, colour) == plate


@pytest.mark.parametrize(
    ("typed", "colour", "code"),
    [
        ("粤C12345", "", "plate_colour"),
        ("粤C12345", "green", "plate_form"),
        ("粤BD12345", "blue", "plate_form"),
        ("粤CI2345", "blue", "plate_form"),
        ("粤CO2345", "blue", "plate_form"),
        ("C12345", "blue", "plate_form"),
        ("粤C123456", "blue", "plate_form"),
        ("粤C1234", "blue", "plate_form"),
        ("龘C12345", "blue", "plate_form"),
    ],
)
def test_what_is_no_plate_of_its_colour_is_refused(typed: str, colour: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        rules.read_plate(typed, colour)


def test_a_vehicle_number_is_checked_by_its_ninth_sign() -> None:
    assert rules.read_vin(GOOD_VIN.lower()) == GOOD_VIN
    with pytest.raises(Refusal, match="vin_check_digit"):
        rules.read_vin("1M8GDM9A1KP042788")
    with pytest.raises(Refusal, match="vin_form"):
        rules.read_vin("1M8GDM9AXKP04278O")


@pytest.mark.parametrize(("typed", "name"), [("桂山轮　8", "桂山轮 8"), ("guishan-8", "GUISHAN-8")])
def test_the_name_of_a_ship_is_written_in_one_way(typed: str, name: str) -> None:
    assert rules.read_ship(typed) == name


def test_what_nobody_told_of_is_over_on_every_day() -> None:
    assert rules.over(0, 1) and rules.over(2518, 2519) and not rules.over(2519, 2519)
