"""The pages, one module a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from cloud.console.pages import (
    conflicts,
    departures,
    disruptions,
    duties,
    nodes,
    notices,
    office,
    overview,
    payments,
    people,
    quarantine,
    requests,
    sales,
    scores,
    seats,
    sellers,
    sign_in,
    subjects,
    tails,
    timetable,
    travellers,
    vehicles,
    voices,
)

if TYPE_CHECKING:
    from cloud.console.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Every page under its address."""
    for module in (
        overview, sign_in, nodes, sales, seats, disruptions, vehicles, duties, departures, notices,
        requests, office, quarantine, conflicts, tails, timetable, travellers,
        sellers, payments, subjects, people, voices, scores,
    ):  # fmt: skip
        module.register(blueprint, desk)
