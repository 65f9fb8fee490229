"""The files of this checkout, as the checks and the architecture tests see them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("cloud", "edge", "firmware_bridges", "kiosk_ui", "papers", "sync")

# What a checkout without git leaves behind while it is used; with git, .gitignore says it.
_LEFT_BEHIND = {".git", ".venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache",
                ".import_linter_cache", ".hypothesis", ".demo", "var"}  # fmt: skip


@cache
def files() -> list[Path]:
    """Every file that belongs to the project, tracked or about to be, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ) if (ROOT / ".git").exists() and _has_git() else None  # fmt: skip
    if listed is not None and listed.returncode == 0:
        found = [Path(name) for name in listed.stdout.split("\0") if name]
        return sorted(path for path in found if (ROOT / path).is_file())
    return sorted(_walk(ROOT))


def _has_git() -> bool:
    try:
        return subprocess.run(["git", "--version"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    for path in folder.iterdir():
        if path.name in _LEFT_BEHIND:
            continue
        if path.is_dir():
            found += _walk(path)
        else:
            found.append(path.relative_to(ROOT))
    return found


def python_files(*tops: str) -> list[Path]:
    """Python files under the named folders; all of them when none is named."""
    return [path for path in files() if path.suffix == ".py" and (not tops or any(map(path.is_relative_to, tops)))]


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
