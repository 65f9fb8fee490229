"""Writes the golden files that are missing: `python -m tests.golden.write`. It never touches one that is there."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any, Final

from sync.domains import EVENTS as REGISTRY
from tests.golden import samples

FOLDER: Final = Path(__file__).parent / "v1"
SUMS: Final = FOLDER / "SHA256SUMS"


def plain(value: Any) -> Any:
    """A value as JSON shows it: bytes as ``0x…``, tuples as arrays."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def described(record: Any) -> dict[str, Any]:
    """What the JSON beside a golden file says: the class and its fields by name."""
    fields = {field.name: plain(getattr(record, field.name)) for field in dataclasses.fields(record)}
    return {"kind": type(record).__name__, "fields": fields}


def main() -> None:
    """Write what is missing, and its sums."""
    written = {f"event_{name}": REGISTRY.encode(one, samples.STAMP) for name, one in samples.EVENTS.items()}
    written |= {f"record_{name}": one.to_bytes() for name, one in samples.RECORDS.items()}
    told = {f"event_{name}": one for name, one in samples.EVENTS.items()}
    told |= {f"record_{name}": one for name, one in samples.RECORDS.items()}
    sums = SUMS.read_text().splitlines() if SUMS.exists() else []
    for name, data in sorted(written.items()):
        path = FOLDER / f"{name}.cbor"
        if not path.exists():
            path.write_text(data.hex() + "\n")
            path.with_suffix(".json").write_text(json.dumps(described(told[name]), ensure_ascii=False, indent=1) + "\n")
            sums += [
                f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}"
                for one in (path, path.with_suffix(".json"))
            ]
    SUMS.write_text("\n".join(sums) + "\n")


if __name__ == "__main__":
    main()
