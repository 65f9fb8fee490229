"""Planted bugs: the canaries of the judges. Each is one way in which a design like this one is usually broken.

A mutant replaces a function of the production code for as long as it is planted; nothing in the production code knows
of it. The list below is their only registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final

from tests.simulation.mutants import (
    cards,
    clocks,
    counters,
    drawers,
    exchanges,
    folds,
    gates,
    hubs,
    logs,
    mended,
    named,
    office,
    phones,
    restores,
    seats,
    sellers,
    swaps,
    together,
    vehicles,
    words,
    writers,
)

Planted = Callable[[], AbstractContextManager[object]]

MUTANTS: Final[Mapping[str, Planted]] = {
    **cards.MUTANTS,
    **clocks.MUTANTS,
    **counters.MUTANTS,
    **drawers.MUTANTS,
    **exchanges.MUTANTS,
    **folds.MUTANTS,
    **gates.MUTANTS,
    **hubs.MUTANTS,
    **logs.MUTANTS,
    **mended.MUTANTS,
    **named.MUTANTS,
    **office.MUTANTS,
    **phones.MUTANTS,
    **restores.MUTANTS,
    **seats.MUTANTS,
    **sellers.MUTANTS,
    **swaps.MUTANTS,
    **together.MUTANTS,
    **vehicles.MUTANTS,
    **words.MUTANTS,
    **writers.MUTANTS,
}
