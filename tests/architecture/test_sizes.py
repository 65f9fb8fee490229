"""Nothing is too long to be read in one go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.sizes import FILE_LINES, FUNCTION_LINES, too_long
from tests.tooling.tree import python_files, read


def test_files_and_functions_are_short() -> None:
    wrong = [line for path in [*python_files(), Path("yipiao")] for line in too_long(path, read(path))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("over", [0, 1])
def test_one_line_too_many_is_seen(over: int) -> None:
    path = Path("edge/x.py")
    assert bool(too_long(path, "x = 1\n" * (FILE_LINES + over))) == bool(over)
    assert bool(too_long(path, "def f():\n" + "    x = 1\n" * (FUNCTION_LINES - 1 + over))) == bool(over)
