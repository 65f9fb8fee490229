"""The Debian packages that the tests stand on: found, installed as root, or named in one command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.tooling.tree import ROOT

LIST = ROOT / ".ci" / "debian" / "test.txt"
TRIES = 3


def wanted(text: str) -> dict[str, list[str]]:
    """Package → the programs or files that show that it is there."""
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {row[0]: row[1:] for row in rows}


def is_there(sign: str) -> bool:
    """A file by its path or pattern, or a program on the PATH or where PostgreSQL keeps its own."""
    if sign.startswith("/"):
        return any(Path("/").glob(sign[1:]))
    return bool(shutil.which(sign) or list(Path("/usr/lib/postgresql").glob(f"*/bin/{sign}")))


def missing() -> list[str]:
    """Packages of which a sign is absent, in the order of the list."""
    packages = wanted(LIST.read_text(encoding="utf-8"))
    return [package for package, signs in packages.items() if not all(map(is_there, signs))]


def ensure() -> bool:
    """True when everything is there at the end; says on stderr what it does, or what to do."""
    absent = missing()
    if not absent:
        return True
    install = ["apt-get", "install", "-y", "--no-install-recommends", *absent]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"yipiao: the tests need {', '.join(absent)}. Run this, then try again:", file=sys.stderr)
        print(f"  sudo sh -c 'apt-get update && {' '.join(install)}'", file=sys.stderr)
        return False
    for attempt in range(1, TRIES + 1):
        print(f"yipiao: installing Debian's {', '.join(absent)}", file=sys.stderr, flush=True)
        if _apt(["apt-get", "update"]) and _apt(install) and not missing():
            return True
        print(f"yipiao: try {attempt} of {TRIES} did not work", file=sys.stderr, flush=True)
        time.sleep(5 * attempt)
    print(f"yipiao: could not install {', '.join(missing())}; what apt-get said stands above", file=sys.stderr)
    return False


def _apt(words: list[str]) -> bool:
    """Run apt-get with a line of progress every five seconds; what it said only when it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while True:
        try:
            output, _ = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            print(f"yipiao:   apt-get {words[1]} is at work", file=sys.stderr, flush=True)
            continue
        if process.returncode != 0:
            print(output[-2000:], file=sys.stderr)
        return process.returncode == 0
