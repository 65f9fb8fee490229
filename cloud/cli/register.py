"""The register of operators, vehicles, drivers and permits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cloud.bootstrap import Hub
from cloud.cli.common import BY, note, open_hub, options, say
from cloud.domains.register.importing.columns import KINDS
from cloud.domains.register.importing.read import FileRejected


@click.command("import-register")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def import_register(files: tuple[Path, ...], data: Path, database: str | None, as_json: bool) -> None:
    """Take FILES (CSV, UTF-8 or GB18030) of operators, vehicles, drivers and permits into the register, in this order of files:
    each of them whole, or not at all."""
    hub = open_hub(data, database)
    done: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    total = 0
    for path in files:
        try:
            done.append(_import(hub, path))
        except FileRejected as rejected:
            total += rejected.total
            errors += [one.as_json() for one in rejected.errors]
    if not as_json:
        for error in errors:
            click.echo("{file}:{line} {field}: {message} ({code}: {value})".format(**error), err=True)
    say({"files": done} | ({"errors": errors, "total": total} if errors else {}), as_json)
    if errors:
        raise SystemExit(1)


@click.command("export-register")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@options
def export_register(kind: str, path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Write all subjects of KIND to PATH as CSV (UTF-8); numbers of documents are masked."""
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        text = hub.register.export(tx, kind)
        note(hub, tx, "register_exported", kind=kind)
    path.write_text(text, encoding="utf-8-sig", newline="")
    say({"kind": kind, "path": str(path), "lines": text.count("\n") - 1}, as_json)


def _import(hub: Hub, path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    with hub.database.write() as tx:
        done = hub.register.import_file(tx, path.name, content, BY)
        counts = {"added": done.added, "changed": done.changed, "unchanged": done.unchanged}
        note(hub, tx, "register_imported", file=path.name, kind=done.kind, **counts)
    return {"file": path.name, "kind": done.kind, **counts}
