"""What must not stand in any file. The patterns are put together so that they do not find themselves."""

from __future__ import annotations

import re
from pathlib import Path

# Quoted, three X are ISO 4217's code for "no currency".
UNFINISHED = re.compile(r"(?<![\"'])\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|raise Not" + r"Implemented")

# Addresses of package registries: where packages come from is the machine's affair.
_HOSTS = "py" + "pi.org|python" + "hosted.org|npm" + "js.org|crates" + ".io|deb.debian" + ".org"
_FILES = "/sim" + r"ple\b|/pack" + r"ages/|\.wh" + r"l|\.tg" + "z"
PACKAGE_ADDRESS = re.compile(
    rf"https?://[^\s\"']*({_HOSTS})|https?://[^\s\"']*({_FILES})|(extra-)?index" + r"-url\s+https?:", re.I
)

# Folders of one machine or one person.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|home/\w+|Users/\w+|op" + r"t/py\w*)/")


def unfinished(path: Path, text: str) -> list[str]:
    """Marks of work left undone, in code of the rooms."""
    return _lines(path, text, UNFINISHED)


def addresses(path: Path, text: str) -> list[str]:
    return _lines(path, text, PACKAGE_ADDRESS)


def machine_paths(path: Path, text: str) -> list[str]:
    return _lines(path, text, MACHINE_PATH)


def _lines(path: Path, text: str, pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number} {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
