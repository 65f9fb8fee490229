"""Trust cards that a box believes too readily."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from edge.domains.register import store
from sync.domains.register.cards import card
from sync.kernel.cose import Sign1


@contextlib.contextmanager
def card_taken_back_unread() -> Iterator[None]:
    """A box checks the signature of a card, and forgets the list of those that were taken back."""
    with mock.patch.object(store, "void", lambda _connection, _card_no: None):
        yield


@contextlib.contextmanager
def card_signature_unread() -> Iterator[None]:
    """What has the form of a card is one."""
    verify = card.verify

    def lenient(text: str, hub: Any) -> Any:
        with mock.patch.object(Sign1, "verified_by", lambda *_words: True):
            return verify(text, hub)

    with mock.patch.object(card, "verify", lenient):
        yield


MUTANTS: Final = {"card_taken_back_unread": card_taken_back_unread, "card_signature_unread": card_signature_unread}
