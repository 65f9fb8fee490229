"""No wall clock and no randomness where the same input must give the same bytes."""

from __future__ import annotations

import ast
from pathlib import Path

# Calls by the last two names of what is called; what comes before (a module, an alias) does not matter.
CLOCKS = {"time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "datetime.now",
          "datetime.utcnow", "datetime.today", "date.today", "time.localtime", "time.gmtime"}  # fmt: skip
CHANCE = {"os.urandom", "os.getrandom", "uuid.uuid1", "uuid.uuid4", "secrets.token_bytes",
          "secrets.token_hex", "secrets.token_urlsafe", "secrets.choice",
          "secrets.randbelow", "random.random", "random.choice",
          "random.randint", "random.randrange", "random.uniform", "random.shuffle"}  # fmt: skip
# In sync/ a key is given, never made; `hash` differs from one process to the next.
_MAKES_KEYS = "PrivateKey.generate"
_DIFFERS_BY_PROCESS = {"hash", "id", "input", "open"}


def impure_calls(path: Path, source: str) -> list[str]:
    """Readings of a wall clock or of randomness, and in sync/ also of disk and of the process itself."""
    wrong = []
    strict = path.parts[0] == "sync"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            dotted = ".".join(ast.unparse(node).split(".")[-2:])
            bad = dotted in CLOCKS | CHANCE or (strict and dotted.endswith(_MAKES_KEYS))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            dotted = node.func.id
            bad = strict and dotted in _DIFFERS_BY_PROCESS
        else:
            continue
        if bad:
            wrong.append(f"{path}:{node.lineno} {dotted}")
    return wrong
