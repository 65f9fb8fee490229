"""Names in several languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.domains.timetable.gtfs.languages import normalised
from tests.domains.timetable.gtfs_feeds import SOUND, compiled

HEADER = "table_name,field_name,language,translation,record_id,field_value\n"
INFO = "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date,feed_version\n"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh_CN", "zh-Hans"),
        ("zh-Hans", "zh-Hans"),
        ("zh-Hans-HK", "zh-Hans"),
        ("ZH-hk", "zh-Hant"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-MO", "zh-Hant"),
        ("EN", "en"),
        ("en-GB", "en"),
        ("nl", "nl"),
        ("pt-BR", "pt-BR"),
        ("mul", "und"),
        ("", "und"),
    ],
)
def test_tags_become_the_three_languages_or_stay(tag: str, language: str) -> None:
    assert normalised(tag) == language


def test_names_are_translated_by_record_and_by_text(tmp_path: Path) -> None:
    rows = (
        "stops,stop_name,zh-HK,起點,S1,\n"
        "stops,stop_name,en,Start,,起点\n"
        "stops,stop_name,en,Middle by record,S2,\nstops,stop_name,en,Middle by text,,中间\n"
        "routes,route_long_name,en-GB,From end to end,R,\n"
        "trips,trip_headsign,en,End,,终点\n"
        "agency,agency_name,en,First Coaches,A,\n"
        "stops,stop_url,en,https://x.example,S1,\nfeed_info,feed_publisher_name,en,Someone,,\n"
    )
    result = compiled(tmp_path, {"translations.txt": HEADER + rows, "feed_info.txt": INFO + "甲,,zh-CN,,,7\n"})
    names = {stop.feed_id: dict(stop.names) for stop in result.stops}
    assert names["S1"] == {"zh-Hans": "起点", "zh-Hant": "起點", "en": "Start"}
    assert names["S2"] == {"zh-Hans": "中间", "en": "Middle by record"}
    assert dict(result.routes[0].long_names) == {"zh-Hans": "起点—终点", "en": "From end to end"}
    assert dict(result.routes[0].short_names) == {"zh-Hans": "1"}
    assert dict(result.agencies[0].names) == {"zh-Hans": "甲客运", "en": "First Coaches"}
    assert dict(result.trips[0].headsigns) == {"zh-Hans": "终点", "en": "End"}


def test_a_feed_that_names_no_language_says_so(tmp_path: Path) -> None:
    agency = "agency_id,agency_name,agency_url,agency_timezone\nA,甲客运,,Asia/Shanghai\n"
    result = compiled(tmp_path, {"agency.txt": agency})
    assert dict(result.stops[0].names) == {"und": "起点"}
    assert result.agencies[0].lang == "und"


def test_the_agency_has_the_word_on_its_own_routes(tmp_path: Path) -> None:
    agency = SOUND["agency.txt"].replace(",zh\n", ",zh-HK\n")
    result = compiled(tmp_path, {"agency.txt": agency, "feed_info.txt": INFO + "P,,en,20260101,20261231,v7\n"})
    assert dict(result.routes[0].long_names) == {"zh-Hant": "起点—终点"}
    assert dict(result.stops[0].names) == {"en": "起点"}
    assert (result.publisher, result.version, result.start_day, result.end_day) == ("P", "v7", 2192, 2556)
