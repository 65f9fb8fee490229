"""The report of sizes, shown by `./yipiao check`."""

from __future__ import annotations

from typing import Any

from tests.architecture.sizes import medians


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.line(medians())
