"""One catalogue of texts in three languages: ``errors.toml`` (codes of refusals), ``screens.toml``, ``console.toml``,
``payments.toml``, ``travellers.toml``, ``sellers.toml``, ``portal.toml``, ``ratings.toml``, ``register.toml``, ``gate.toml``,
``duties.toml``, ``aboard.toml``, ``clearance.toml``.

A text may hold ``{name}`` fields. A missing key is shown as itself, so that a page never fails for a word.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("zh-Hans", "zh-Hant", "en")
FILES: Final = (
    "errors.toml",
    "screens.toml",
    "console.toml",
    "payments.toml",
    "travellers.toml",
    "sellers.toml",
    "portal.toml",
    "ratings.toml",
    "register.toml",
    "gate.toml",
    "duties.toml",
    "aboard.toml",
    "clearance.toml",
)
# The largest, and no page of a box says a word of it.
HUB_ONLY: Final = ("console.toml",)


class Catalogue:
    """Texts by key and language."""

    def __init__(self, texts: dict[str, dict[str, str]]) -> None:
        self.texts = texts

    def text(self, key: str, language: str, /, **args: object) -> str:
        """The text under ``key`` in ``language`` (else zh-Hans), its fields filled from ``args``."""
        found = self.texts.get(key)
        if found is None:
            return key
        text = found.get(language) or found[LANGUAGES[0]]
        try:
            return text.format(**args) if "{" in text else text
        except (LookupError, ValueError, AttributeError, TypeError):
            return text


def parse(sources: Iterable[str]) -> Catalogue:
    """A catalogue from TOML texts; a key that stands twice raises ValueError."""
    texts: dict[str, dict[str, str]] = {}
    for source in sources:
        for key, value in tomllib.loads(source).items():
            if key in texts:
                raise ValueError(f"text {key!r} is there twice")
            texts[key] = {sys.intern(language): text for language, text in value.items()}
    return Catalogue(texts)


@cache
def load(without: tuple[str, ...] = ()) -> Catalogue:
    """The catalogue that this package ships, read once a process: that takes a tenth of a second, and a hub asks six times."""
    folder, names = files(__name__), [name for name in FILES if name not in without]
    return parse((folder / name).read_text(encoding="utf-8") for name in names if (folder / name).is_file())
