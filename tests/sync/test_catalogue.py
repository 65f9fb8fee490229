"""One catalogue in three languages: every text in all of them, with the same gaps."""

from __future__ import annotations

import string
from importlib.resources import files

import pytest

from sync.catalogue import FILES, LANGUAGES, Catalogue, load, parse
from sync.domains.boarding.rules import REASONS

CATALOGUE = load()


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_are_texts() -> None:
    assert len(CATALOGUE.texts) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_stands_in_the_language_and_is_not_empty(language: str) -> None:
    assert [key for key, texts in CATALOGUE.texts.items() if not texts.get(language, "").strip()] == []


def test_no_text_stands_in_a_fourth_language() -> None:
    assert [key for key, texts in CATALOGUE.texts.items() if set(texts) - set(LANGUAGES)] == []


def test_every_text_has_the_same_gaps_in_all_languages() -> None:
    wrong = [
        key for key, texts in CATALOGUE.texts.items() if len({frozenset(gaps(text)) for text in texts.values()}) > 1
    ]
    assert wrong == []


def test_gaps_have_names() -> None:
    assert [
        key
        for key, texts in CATALOGUE.texts.items()
        for text in texts.values()
        for gap in gaps(text)
        if not gap.isidentifier()
    ] == []


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_a_gate_has_a_sentence(reason: str) -> None:
    assert f"reason_{reason}" in CATALOGUE.texts


def test_a_text_is_filled_and_a_missing_one_is_shown_as_its_key() -> None:
    found = parse(['a = { zh-Hans = "还有 {left} 次", zh-Hant = "還有 {left} 次", en = "{left} left" }'])
    assert found.text("a", "en", left=3) == "3 left"
    assert found.text("a", "fr", left=3) == "还有 3 次"
    assert found.text("a", "en") == "{left} left"
    assert found.text("b", "en", left=3) == "b"


@pytest.mark.parametrize("odd", ["{", "}", "{0}", "{}", "{a.b}", "{a!r:>{b}}", "{a:d}"])
def test_a_text_that_can_not_be_filled_is_shown_as_it_stands(odd: str) -> None:
    assert Catalogue({"a": dict.fromkeys(LANGUAGES, odd)}).text("a", "en", a="x") == odd


def test_what_people_type_is_never_taken_for_a_gap() -> None:
    found = Catalogue({"a": dict.fromkeys(LANGUAGES, "no stop is named {text}")})
    assert found.text("a", "en", text="{left} {0} %s {") == "no stop is named {left} {0} %s {"


def test_a_text_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        parse(['a = { zh-Hans = "x" }', 'a = { zh-Hans = "y" }'])


def test_all_files_are_shipped() -> None:
    assert [name for name in FILES if not files("sync.catalogue").joinpath(name).is_file()] == []
