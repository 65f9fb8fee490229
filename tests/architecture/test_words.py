"""No mark of unfinished work, no registry address, no path of one machine, no bare assert."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import words
from tests.tooling.tree import ROOMS, ROOT, files

Check = Callable[[Path, str], list[str]]


def texts() -> list[tuple[Path, str]]:
    """Every file that is text."""
    found = []
    for path in files():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data[:8192]:
            found.append((path, data.decode("utf-8", errors="replace")))
    return found


@pytest.mark.parametrize("check", [words.addresses, words.machine_paths], ids=lambda check: check.__name__)
def test_no_file_names_a_registry_or_a_machine(check: Check) -> None:
    wrong = [line for path, text in texts() for line in check(path, text)]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_unfinished() -> None:
    code = [(path, text) for path, text in texts() if path.suffix in {".py", ".html", ".js", ".css", ".sql", ".toml"}]
    wrong = [line for path, text in code for line in words.unfinished(path, text)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (words.unfinished, "x = 1  # TO" + "DO: later"),
        (words.unfinished, "raise Not" + "ImplementedError"),
        (words.addresses, "see https://py" + "pi.org/project/x"),
        (words.addresses, "--index-url https" + "://example.org/x"),
        (words.addresses, "x @ https://example.org/x-1.0" + ".whl"),
        (words.machine_paths, "path = '/ro" + "ot/x'"),
        (words.machine_paths, "cd /home/" + "li/x"),
    ],
)
def test_a_planted_word_is_seen(check: Check, text: str) -> None:
    assert check(Path("edge/x.py"), text)


@pytest.mark.parametrize("room", ROOMS)
def test_ruff_refuses_a_bare_assert_outside_the_tests(room: str) -> None:
    words_ = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--stdin-filename",
        f"{room}/kernel/planted.py",
        "-",
    ]
    told = subprocess.run(words_, input="assert 1\n", cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 1 and "S101" in told.stdout
