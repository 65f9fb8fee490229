"""`python -m tests.tooling check|test …`, as `./yipiao` calls it."""

import sys

from tests.tooling import check, suite

COMMANDS = {"check": check.main, "test": suite.main}


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in COMMANDS:
        print(f"usage: ./yipiao {'|'.join(COMMANDS)} [...]", file=sys.stderr)
        return 2
    return COMMANDS[argv[0]](argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
