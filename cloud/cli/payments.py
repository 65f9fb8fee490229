"""Compare a day's payments by phone with what the gateway says of it."""

from __future__ import annotations

import secrets
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import click

from cloud.cli.common import note, open_hub, options, read_day, say
from cloud.domains.payments import service
from cloud.domains.payments.service import Line
from cloud.domains.timetable.service import main_zone
from sync.domains.payments import rules
from sync.kernel.days import DAY_MS, instant_ms
from sync.kernel.errors import Fault


@click.command("reconcile")
@click.option("--day", required=True, help="The day, as YYYY-MM-DD.")
@click.option("--statement", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The gateway's CSV.")
@click.option("--gateway", "url", help="Ask the gateway at this address instead.")
@click.option("--merchant-no", default="yipiao", show_default=True)
@click.option("--key-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Key shared with it.")
@options
def reconcile(
    day: str, statement: Path | None, url: str | None, merchant_no: str, key_file: Path | None, data: Path,
    database: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Compare what nodes took by phone on a day with the gateway's statement, to the fen. Exit code 1 where they differ."""
    if (statement is None) == (url is None) or (url is not None and key_file is None):
        raise click.UsageError("say either --statement FILE, or --gateway URL with --key-file FILE")
    hub, number = open_hub(data, database), read_day(day)
    with hub.database.read() as tx:
        zone = main_zone(tx)
    span = (instant_ms(number, 0, zone), instant_ms(number + 1, 0, zone))
    if statement is not None:
        lines = service.read_statement(statement.read_text(encoding="utf-8"))
    else:
        # A refund may have been asked for late on the day and made on the next one.
        lines = _ask(str(url), merchant_no, key_file or Path(), span[0] - DAY_MS, span[1] + DAY_MS)
    with hub.database.write() as tx:
        compared = service.compare(tx, number, *span, lines)
        service.keep(tx, compared, hub.clock.wall_ms())
        note(hub, tx, "reconcile", day=day, fen_difference=compared.fen_difference)
    say({"day": day, **compared.as_found()}, as_json)
    if compared.differences:
        raise SystemExit(1)


def _ask(url: str, merchant_no: str, key_file: Path, from_ms: int, until_ms: int) -> list[Line]:
    """The gateway's own lines. Raises :class:`Fault` ``payment_away`` without an answer, and as :func:`rules.unseal`."""
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f"{url!r} is not an address")
    key, nonce = key_file.read_bytes().strip(), secrets.token_hex(16)
    asked: dict[str, Any] = {
        "kind": "statement", "merchant_no": merchant_no, "nonce": nonce, "from_ms": from_ms, "until_ms": until_ms,
    }  # fmt: skip
    request = urllib.request.Request(url.rstrip("/") + rules.STATEMENT, rules.seal(asked, key))  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310, an http address, looked at above
            data = answer.read(rules.MAX_STATEMENT + 1)
    except (urllib.error.URLError, OSError) as error:
        raise Fault("payment_away", str(error)) from None
    lines = rules.unseal(data, key, "statement_answer", nonce, rules.MAX_STATEMENT).get("lines")
    return [service.read_line(line, number) for number, line in enumerate(lines or [], 1)]
