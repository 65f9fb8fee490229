"""Languages of a feed's texts, and translations.txt."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from cloud.domains.timetable.gtfs.model import Names
from cloud.domains.timetable.gtfs.read import Feed, Row

UNKNOWN: Final = "und"
TRADITIONAL: Final = frozenset({"tw", "hk", "mo", "hant"})
NOTHING: Final[Names] = {}
TABLES: Final = {  # table and field names whose texts are used, and the column that identifies a row
    "agency": ("agency_name",),
    "stops": ("stop_name",),
    "routes": ("route_short_name", "route_long_name"),
    "trips": ("trip_headsign",),
}
_Key = tuple[str, str, str]


def normalised(tag: str) -> str:
    """One tag a language: ``zh-CN`` → ``zh-Hans``, ``zh-HK`` → ``zh-Hant``, ``en-GB`` → ``en``."""
    parts = tag.replace("_", "-").lower().split("-")
    if parts[0] == "zh":
        return "zh-Hant" if TRADITIONAL & set(parts[1:]) and "hans" not in parts else "zh-Hans"
    if parts[0] == "en":
        return "en"
    return UNKNOWN if parts[0] in ("", "mul", UNKNOWN) else parts[0] + tag[len(parts[0]) :]


class Translations:
    """Texts by record id, and by the text that they translate; both forms of the file."""

    def __init__(self) -> None:
        self._by_record: dict[_Key, dict[str, str]] = {}
        self._by_value: dict[_Key, dict[str, str]] = {}
        self._lines: dict[_Key, int] = {}
        self._shared: dict[tuple[tuple[str, str], ...], Names] = {}

    def names(self, table: str, field: str, record: str, text: str, lang: str) -> Names:
        """The text in all its languages. Equal results are one object, which keeps big feeds small."""
        if not text:
            return NOTHING
        by_value = self._by_value.get((table, field, text), NOTHING)
        by_record = self._by_record.get((table, field, record), NOTHING)
        items = tuple(sorted({lang: text, **by_value, **by_record}.items()))
        return self._shared.setdefault(items, dict(items))

    def add(self, row: Row) -> None:
        """Take one row of translations.txt."""
        table, field = row.text("table_name"), row.text("field_name")
        record, value = row.text("record_id"), row.text("field_value")
        if field not in TABLES.get(table, ()):
            return
        if bool(record) == bool(value):
            row.error("translation_key", "record_id")
            return
        key = (table, field, record or value)
        texts = (self._by_record if record else self._by_value).setdefault(key, {})
        lang, text = normalised(row.required("language")), row.text("translation")
        if text:
            texts.setdefault(lang, text)
        if record:
            self._lines.setdefault(key, row.line)

    def check(self, feed: Feed, table: str, known: Container[str]) -> None:
        """Report translations of records that ``table`` does not have."""
        target = f"{table}.txt"
        for (of, _field, record), line in self._lines.items():
            if of == table and record not in known and target in feed.opened:
                feed.problems.add("dangling", "translations.txt", line, "record_id", record, target=target)


def read_translations(feed: Feed) -> Translations:
    """All texts of translations.txt; none when the feed has no such file."""
    translations = Translations()
    required = ("table_name", "field_name", "language", "translation")
    for row in feed.rows("translations.txt", *required, optional=True):
        translations.add(row)
    return translations
