"""Sentences of the catalogue, in the language of the person who asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.formats import chosen_name, locale_of
from kiosk_ui.kernel.language import language
from sync.kernel.errors import Refusal

WHOLE_FORM = ""
"""Key of an error that belongs to no single field."""


def t(key: str, **fill: object) -> str:
    """The catalogue's text under ``key``."""
    return the_node().catalogue.text(key, language(), **fill)


def known(key: str) -> bool:
    """Whether the catalogue has ``key``."""
    return key in the_node().catalogue.texts


def sentence(refusal: Refusal) -> str:
    """What a refusal says to a person; names among its details come in that person's language."""
    if not known(refusal.code):
        return t("error_unknown", code=refusal.code)
    return t(refusal.code, **{key: _readable(value) for key, value in refusal.details.items()})


def beside_fields(refusal: Refusal, fields: Iterable[str]) -> dict[str, str]:
    """Field → sentence: beside its field when the form has it, else above the form."""
    place = refusal.field if refusal.field is not None and refusal.field in set(fields) else WHOLE_FORM
    return {place: sentence(refusal)}


def listed(items: Iterable[str]) -> str:
    """Several words as one enumeration."""
    return (", " if locale_of(language()).language == "en" else "、").join(items)


def rule_words(rule: str, exchange: bool = False) -> str:
    """Which rule gave a fee, for a clerk: the name of its set, and the reason or the band that the code stands for."""
    name, _, part = rule.partition("/")
    if known(f"refund_why_{part}"):
        said = t(f"refund_why_{part}")
    elif known(f"reissue_why_{part}"):
        said = t(f"reissue_why_{part}")
    elif not part.removeprefix("-").isdecimal():
        said = part
    elif exchange:
        said = t("rule_times", count=int(part))
    elif int(part) > 0:
        said = t("rule_before", count=int(part))
    else:
        said = t("rule_after", count=-int(part)) if int(part) else t("rule_until")
    return said if not said or name == "reissue" else t("rule_of_set", said=said, name=name)


def _readable(value: object) -> object:
    if isinstance(value, Mapping):
        return chosen_name(value, language())[0]
    if isinstance(value, list | tuple | set | frozenset):
        return listed(str(item) for item in value)
    return value
