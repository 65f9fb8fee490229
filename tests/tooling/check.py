"""`./yipiao check [STEP…]`: everything that can be said about the code without running the product."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from tests.tooling.tree import ROOMS, ROOT

PYTHON = sys.executable


# import-linter has no `python -m` of its own.
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@dataclass(frozen=True)
class Step:
    name: str
    words: list[str]
    says: str


@dataclass(frozen=True)
class Outcome:
    step: Step
    passed: bool
    output: str
    seconds: float


def steps() -> list[Step]:
    """The slowest first: two run at a time, and the short ones fill in beside it."""
    typed = [name for name in (*ROOMS, "tests", "yipiao") if (ROOT / name).exists()]
    return [
        Step("mypy", [PYTHON, "-m", "mypy", *typed], "types"),
        Step("architecture", [PYTHON, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider",
                              "tests/architecture"], "architecture tests"),
        Step("walls", [PYTHON, "-c", LINT_IMPORTS],
             "who may import whom"),
        Step("ruff", [PYTHON, "-m", "ruff", "check", "--output-format", "concise", "."], "lint"),
        Step("format", [PYTHON, "-m", "ruff", "format", "--check", "--output-format", "concise", "."],
             "layout of the code"),
    ]  # fmt: skip


def run(step: Step) -> Outcome:
    started = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        step.words,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(step, done.returncode == 0, done.stdout, time.monotonic() - started)


def report(outcome: Outcome) -> None:
    word = "ok    " if outcome.passed else "FAILED"
    print(f"{word} {outcome.step.name:<13} {outcome.step.says:<22} {outcome.seconds:5.1f} s", flush=True)
    for line in outcome.output.splitlines():
        if line.startswith("sizes:") and outcome.passed:
            print(f"       {line}")
    if not outcome.passed:
        print(outcome.output.rstrip())
        print(f"       alone: ./yipiao check {outcome.step.name}\n", flush=True)


def mend() -> None:
    """What ruff can put right by itself."""
    for words in (["check", "--fix", "."], ["format", "."]):
        subprocess.run([PYTHON, "-m", "ruff", *words], cwd=ROOT, check=False)


def main(argv: list[str]) -> int:
    known = {step.name: step for step in steps()}
    parser = argparse.ArgumentParser(prog="./yipiao check", description=__doc__)
    parser.add_argument("step", nargs="*", help=f"only these: {', '.join(known)}")
    parser.add_argument("--fix", action="store_true", help="let ruff mend what it can first")
    asked = parser.parse_args(argv)
    if unknown := [name for name in asked.step if name not in known]:
        parser.error(f"no such step: {', '.join(unknown)}")
    if asked.fix:
        mend()
    started = time.monotonic()
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        pending = [pool.submit(run, known[name]) for name in asked.step or known]
        for future in as_completed(pending):
            outcome = future.result()
            report(outcome)
            if not outcome.passed:
                failed.append(outcome.step.name)
    seconds = time.monotonic() - started
    print(f"check: {len(pending) - len(failed)} of {len(pending)} steps hold, {seconds:.0f} s"
          + (f"; failed: {', '.join(failed)}" if failed else ""))  # fmt: skip
    return 1 if failed else 0
