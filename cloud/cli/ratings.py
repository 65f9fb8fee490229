"""Rules for ratings and calendars of working days, from files; and the scores, worked out anew."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from cloud.cli.common import note, open_hub, options, read_day, say
from cloud.domains.ratings.answers.reading import published_rules
from cloud.domains.ratings.publish import publish_calendar, publish_rating_rules
from cloud.domains.ratings.scoring.again import differences, recompute
from cloud.domains.ratings.scoring.tally import Subject, Sum
from cloud.domains.timetable.service import main_zone
from sync.domains import EVENTS
from sync.domains.ratings.operations import RatingRules
from sync.domains.ratings.rules import DEFAULT_RATING_RULES
from sync.domains.ratings.rules import rating_rules as rating_rules_on
from sync.kernel import records, workdays
from sync.kernel.days import day_at, day_of
from sync.kernel.errors import Malformed

_LAST_DAY = 20_000
_NUMBERS = (
    "hours_after", "score_least", "group_least", "sessions_most", "contact_days", "resolve_days", "burst_count",
    "burst_minutes",
)  # fmt: skip


@click.command("rating-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def rating_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish how trips are rated from a day on, and how soon bad ratings are answered: a TOML file as docs/operating
    shows it."""
    given = _read(path)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        pos = publish_rating_rules(tx, given, day_at(hub.clock.wall_ms(), main_zone(tx)))
        note(hub, tx, "rating_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


@click.command("workdays")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--year", type=int, required=True)
@click.option("--source", required=True, help="Who announced it, and where that stands.")
@options
def work_calendar(path: Path, year: int, source: str, data: Path, database: str | None, as_json: bool) -> None:
    """Publish which days of a year are worked: a CSV file with date, kind (off or work) and name."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"{path.name}: {error}") from None
    given = workdays.read_csv(year, source, text)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        pos = publish_calendar(tx, given)
        note(hub, tx, "workdays", year=year, source=given.source, off=len(given.off), on=len(given.on))
    say({"key": given.key, "pos": pos, "off": len(given.off), "work": len(given.on)}, as_json)


def _read(path: Path) -> RatingRules:
    try:
        value: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        tags = [[tag["code"], tag.get("services", []), tag.get("names", {})] for tag in value.get("tag", [])]
        kept = [list(map(_plain, tag)) for tag in DEFAULT_RATING_RULES.tags]
        numbers = [value.get(name, getattr(DEFAULT_RATING_RULES, name)) for name in _NUMBERS]
        head = [value["name"], value["source"], day_of(value["from_day"])]
        return records.from_body(RatingRules, [*head, *numbers, tags or kept])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError, Malformed) as error:
        raise click.BadParameter(f"{path.name}: {type(error).__name__} {error}") from None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@click.group()
def ratings() -> None:
    """What ratings make."""


@ratings.command("recompute")
@click.option("--until", "until", default=None, help="Service date: only trips up to it. Without it all.")
@options
def recompute_command(until: str | None, data: Path, database: str | None, as_json: bool) -> None:
    """Work the scores out anew from the events, and compare them with those that are shown; exit code 1 where they differ."""
    hub = open_hub(data, database)
    until_day = _LAST_DAY if until is None else read_day(until)
    with hub.database.read() as tx:
        anew = recompute(tx, EVENTS, hub.ratings.board, until_day)
        wrong = differences(anew.scores, hub.ratings.board.scores(tx, until_day))
        least = rating_rules_on(published_rules(tx), min(until_day, _LAST_DAY)).score_least
    scores = [_score(subject, one) for subject, one in sorted(anew.scores.items()) if one.count >= least]
    said = {
        "ratings": anew.ratings,
        "scores": scores,
        "differences": [[one.kind, one.name, one.month] for one in wrong],
    }
    say({**said, "same_as_live": not wrong}, as_json)
    if wrong:
        raise SystemExit(1)


def _score(subject: Subject, one: Sum) -> dict[str, Any]:
    low, high = one.interval
    return {
        "kind": subject.kind, "subject": subject.name, "month": subject.month or None, "count": one.count,
        "levels": one.levels, "mean": one.mean_tenths / 10, "low_per_mille": low, "high_per_mille": high,
    }  # fmt: skip
