"""What people complain of, in their own words: strings of Chinese characters, and words of Latin letters, that many
comments share. Nothing is looked up in a dictionary: a string is a word here when its parts stand together far more often
than by chance, and none is shown that fewer people than a group must have used (docs/decisions/0025-ratings.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST_COMMENTS: Final = 20_000
LONGEST: Final = 4
# How many times more often than by chance the parts of a word stand together.
_TOGETHER: Final = 3
_RUNS: Final = re.compile(r"[\u3400-\u9fff]+")
_LATIN: Final = re.compile(r"[a-z][a-z'-]{2,}")
# Characters with which no word of its own begins or ends here: particles, pronouns, and what only measures or denies.
_NO_BEGIN: Final = frozenset("的了着过過吗嗎呢吧啊也都就和跟是在我你他她它们們这這那个個很太还還又被把給给让讓")
_NO_END: Final = frozenset("的了着过過吗嗎呢吧啊也都就和跟是在我你他她它这這那很太还還又被把給给让讓不没沒")
_PLAIN: Final = frozenset((
    "all", "and", "are", "but", "for", "from", "get", "got", "had", "has", "have", "not", "one", "our", "that", "the", "them",
    "they", "this", "too", "very", "was", "were", "with", "you",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class WordGroup:
    """``text`` stands in ``count`` comments."""

    text: str
    count: int


def word_groups(comments: Iterable[str], least: int, most: int = 20) -> list[WordGroup]:
    """What at least ``least`` comments share, the commonest first. A string that nearly always stands in a longer one is told
    by that one alone."""
    taken = [text.casefold() for _, text in zip(range(MOST_COMMENTS), comments, strict=False)]
    said = Counter(gram for text in taken for gram in {*_grams(text, range(1, LONGEST + 1))})
    words = {gram: count for gram, count in said.items() if count >= least and _is_word(gram, said, len(taken))}
    words |= _latin(taken, least)
    told = [WordGroup(gram, count) for gram, count in words.items() if not _inside_another(gram, count, words)]
    return sorted(told, key=lambda one: (-one.count, -len(one.text), one.text))[:most]


def _grams(text: str, sizes: Sequence[int]) -> Iterable[str]:
    for run in _RUNS.findall(text):
        for size in sizes:
            for at in range(len(run) - size + 1):
                yield run[at : at + size]


def _latin(texts: Sequence[str], least: int) -> dict[str, int]:
    found = Counter(word for text in texts for word in {*_LATIN.findall(text)} - _PLAIN)
    return {word: count for word, count in found.items() if count >= least}


def _is_word(gram: str, said: Mapping[str, int], comments: int) -> bool:
    """Two characters and more, none of the empty ones at its ends, and no part of it there as often by chance."""
    if len(gram) < 2 or gram[0] in _NO_BEGIN or gram[-1] in _NO_END:
        return False
    return all(
        said[gram] * comments >= _TOGETHER * said[gram[:cut]] * said[gram[cut:]] or said[gram] * 2 >= max(
            said[gram[:cut]], said[gram[cut:]]
        )
        for cut in range(1, len(gram))
    )  # fmt: skip


def _inside_another(gram: str, count: int, words: Mapping[str, int]) -> bool:
    return any(gram in other and gram != other and words[other] * 5 >= count * 4 for other in words)
