"""A hub that is restored from an older backup, and goes on as if nothing had happened."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final
from unittest import mock

from cloud.domains.inventory.books.again import GrantsAgain
from cloud.kernel import recovery
from cloud.kernel.recovery import Recovery
from edge.kernel.presenting import Presenter


@contextlib.contextmanager
def restored_hub_grants_at_once() -> Iterator[None]:
    """It does not wait for its nodes: what it has forgotten is given to others."""
    with mock.patch.object(recovery, "recovering", lambda _tx: False):
        yield


@contextlib.contextmanager
def positions_reused_after_restore() -> Iterator[None]:
    """It counts on from where its backup stood."""
    with mock.patch.object(recovery, "raise_counter", lambda _tx, _pos: None):
        yield


@contextlib.contextmanager
def events_before_presenting() -> Iterator[None]:
    """It takes a node's sales in before it has been shown the grants that they stand on."""
    with mock.patch.object(Recovery, "must_present", lambda *_: False):
        yield


@contextlib.contextmanager
def presented_grants_forgotten() -> Iterator[None]:
    """It is shown its own grants, and does not write them down."""
    with mock.patch.object(GrantsAgain, "take_back", lambda *_: None):
        yield


@contextlib.contextmanager
def stale_operations_kept() -> Iterator[None]:
    """A node reads everything anew, and keeps what the hub no longer says."""
    with mock.patch.object(Presenter, "sweep", lambda *_: None):
        yield


MUTANTS: Final = {
    "restored_hub_grants_at_once": restored_hub_grants_at_once,
    "positions_reused_after_restore": positions_reused_after_restore,
    "events_before_presenting": events_before_presenting,
    "presented_grants_forgotten": presented_grants_forgotten,
    "stale_operations_kept": stale_operations_kept,
}
