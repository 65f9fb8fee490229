"""Which price a ride has, and which prices are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.domains.timetable.gtfs import CompiledFeed
from tests.domains.timetable.gtfs_feeds import SOUND, compiled, rejected

FARES = "fare_id,price,currency_type,payment_method,transfers,transfer_duration,agency_id\n"
RULES = "fare_id,route_id,origin_id,destination_id,contains_id\n"


def priced(folder: Path, fares: str, rules: str | None, **files: str) -> CompiledFeed:
    """The feed with these prices; ``fares`` are ``id price`` by semicolons, ``rules`` rows by spaces."""
    rows = (fare.split() for fare in fares.split(";"))
    attributes = FARES + "".join(f"{row[0]},{row[1]},{'CNY' if len(row) < 3 else row[2]},0,,,\n" for row in rows)
    rule_rows = None if rules is None else RULES + rules.replace(" ", "\n") + "\n"
    named = {name.replace("_txt", ".txt"): text for name, text in files.items()}
    return compiled(folder, {"fare_attributes.txt": attributes, "fare_rules.txt": rule_rows, **named})


@pytest.mark.parametrize(
    ("rules", "prices"),
    [
        ("A,R,Z1,Z2, B,R,Z1,, C,,Z1,Z2, D,R,,, E,,,,", (100, 200, 400)),
        ("B,R,Z1,, C,,Z1,Z2, D,R,,, E,,,,", (200, 200, 400)),
        ("B,R,,Z2, C,,Z1,Z2, D,R,,, E,,,,", (200, 400, 400)),
        ("C,,Z1,Z2, D,R,,, E,,,,", (300, 400, 400)),
        ("D,R,,, F,,Z1,, E,,,,", (400, 400, 400)),
        ("F,,Z1,, G,,,Z3, E,,,,", (600, 600, 700)),
        ("E,,,,", (500, 500, 500)),
        ("A,R,Z1,Z2,", (100, None, None)),
        ("A,,Z2,Z1,", (None, None, None)),
    ],
)
def test_the_most_specific_rule_decides(tmp_path: Path, rules: str, prices: tuple[int | None, ...]) -> None:
    used = {rule[0] for rule in rules.split()}
    fares = ";".join(f"{name} {n + 1}.00" for n, name in enumerate("ABCDEFG") if name in used)
    result = priced(tmp_path, fares, rules)
    assert result.patterns[0].fares_minor == prices
    assert result.ambiguous_pairs == ()


def test_of_equal_rules_the_lowest_price_is_sold_and_the_pair_reported(tmp_path: Path) -> None:
    result = priced(tmp_path, "A 9.00;B 8.50;C 8.50;D 7.00", "A,R,Z1,Z2, C,R,Z1,Z2, B,R,Z1,Z2, D,R,Z2,Z3,")
    assert result.patterns[0].fares_minor == (850, None, 700)
    assert [(pair.route, pair.origin_zone, pair.destination_zone) for pair in result.ambiguous_pairs] == [
        ("R", "Z1", "Z2")
    ]
    assert result.ambiguous_pairs[0].prices == ((850, "CNY", "B"), (850, "CNY", "C"), (900, "CNY", "A"))
    assert result.counts.ambiguous_pairs == 1


def test_rules_that_agree_on_the_price_are_not_ambiguous(tmp_path: Path) -> None:
    assert priced(tmp_path, "A 9.00;B 9.0", "A,R,Z1,Z2, B,R,Z1,Z2,").ambiguous_pairs == ()


def test_fares_without_any_rule_are_valid_everywhere(tmp_path: Path) -> None:
    assert priced(tmp_path, "A 9.00", None).patterns[0].fares_minor == (900, 900, 900)


def test_a_fare_without_rules_gives_way_to_one_with_a_rule(tmp_path: Path) -> None:
    assert priced(tmp_path, "A 1.00;B 9.00", "B,R,Z1,Z3,").patterns[0].fares_minor == (100, 900, 100)


def test_a_stop_without_zone_matches_no_zone(tmp_path: Path) -> None:
    stops = SOUND["stops.txt"].replace(",Z2", ",")
    result = priced(tmp_path, "A 9.00;B 3.00", "A,R,Z1,Z3, B,R,,Z3,", stops_txt=stops)
    assert result.patterns[0].fares_minor == (None, 900, 300)


def test_contained_zones_must_be_exactly_those_of_the_ride(tmp_path: Path) -> None:
    rules = "A,R,,,Z1 A,R,,,Z2 B,R,,,Z1 B,R,,,Z2 B,R,,,Z3 C,R,,,"
    result = priced(tmp_path, "A 2.00;B 3.00;C 1.00", rules)
    assert result.patterns[0].fares_minor == (200, 300, 100)
    assert result.ambiguous_pairs == ()


def test_a_fare_of_another_agency_needs_a_rule_that_names_the_route(tmp_path: Path) -> None:
    agencies = SOUND["agency.txt"] + "B,乙,,Asia/Shanghai,zh\n"
    attributes = FARES + "A,5.00,CNY,0,0,,A\nB,4.00,CNY,0,0,,B\n"
    files = {"agency.txt": agencies, "fare_attributes.txt": attributes}
    everywhere = compiled(tmp_path / "a", {**files, "fare_rules.txt": None})
    assert everywhere.patterns[0].fares_minor == (500, 500, 500)
    named = compiled(tmp_path / "b", {**files, "fare_rules.txt": RULES + "B,R,,,\n"})
    assert named.patterns[0].fares_minor == (400, 400, 400)


def test_routes_without_a_fare_are_listed_and_not_for_sale(tmp_path: Path) -> None:
    routes = SOUND["routes.txt"] + "Q,A,2,无班次,3\n"
    result = priced(tmp_path, "A 9.00", "A,Q,,,", routes_txt=routes)
    assert [(route.feed_id, route.not_for_sale) for route in result.routes_not_for_sale] == [
        ("Q", "no_trips"),
        ("R", "no_fare"),
    ]
    assert [route.currency for route in result.routes] == ["", ""]


def test_a_feed_without_fares_is_taken_and_nothing_of_it_sold(tmp_path: Path) -> None:
    result = compiled(tmp_path, {"fare_attributes.txt": None, "fare_rules.txt": None})
    assert [route.not_for_sale for route in result.routes] == ["no_fare"]
    assert result.patterns[0].fares_minor == (None, None, None)


def test_a_route_priced_in_two_currencies_is_not_sold_by_guess(tmp_path: Path) -> None:
    result = priced(tmp_path, "A 9.00 HKD;B 8.00 CNY", "A,R,Z1,Z2, B,R,Z2,Z3,")
    assert [(route.not_for_sale, route.currency) for route in result.routes] == [("several_currencies", "")]
    assert result.patterns[0].fares_minor == (None, None, None)


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [
        ("71.40", "HKD", 7140),
        ("71.4", "HKD", 7140),
        ("0", "CNY", 0),
        ("0.10", "CNY", 10),
        ("500", "JPY", 500),
        ("1.250", "KWD", 1250),
        ("0.29", "CNY", 29),
        ("90071992547.93", "CNY", 9007199254793),
    ],
)
def test_prices_are_minor_units_of_their_currency(tmp_path: Path, price: str, currency: str, minor: int) -> None:
    result = priced(tmp_path, f"A {price} {currency}", "A,R,,,")
    assert (result.patterns[0].fares_minor, result.routes[0].currency) == ((minor,) * 3, currency)
    assert all(type(fare) is int for fare in result.patterns[0].fares_minor)


@pytest.mark.parametrize(("price", "currency"), [("500.5", "JPY"), ("1.2505", "KWD"), ("0.001", "CNY")])
def test_a_price_with_too_many_decimals_is_refused(tmp_path: Path, price: str, currency: str) -> None:
    attributes = FARES + f"F,{price},{currency},0,0,,\n"
    assert rejected(tmp_path, {"fare_attributes.txt": attributes}) == [
        ("fare_attributes.txt", 2, "price", price, "price_decimals")
    ]


def test_the_order_of_fare_rows_does_not_matter(tmp_path: Path) -> None:
    first = priced(tmp_path / "a", "A 9.00;B 8.50", "A,R,Z1,Z2, B,R,Z1,Z2,")
    second = priced(tmp_path / "b", "B 8.50;A 9.00", "B,R,Z1,Z2, A,R,Z1,Z2,")
    assert first.content_hash == second.content_hash
    assert first.ambiguous_pairs == second.ambiguous_pairs
