"""Who calls the sellers' interface, with what right, and how often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import g, request

from cloud.domains.sellers.books import accounts
from cloud.domains.sellers.books.accounts import Caller
from cloud.kernel.database import Database
from sync.kernel.errors import Refusal
from sync.kernel.ports import Clock

BEARER: Final = "Bearer "
_MINUTE_MS: Final = 60_000
_MOST_CALLERS: Final = 10_000


class Rate:
    """So many calls a minute for each caller of this process: a bucket that fills evenly."""

    def __init__(self, clock: Clock, per_minute: int, code: str = "calls_too_many") -> None:
        self._clock, self._per_minute, self._code = clock, per_minute, code
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[int, float]] = {}

    def spend(self, name: str) -> None:
        """Count a call. Raises :class:`Refusal` ``code`` (429) with the seconds to wait."""
        now = self._clock.mono_ms()
        with self._lock:
            since, left = self._buckets.get(name, (now, float(self._per_minute)))
            left = min(left + max(now - since, 0) * self._per_minute / _MINUTE_MS, float(self._per_minute))
            if left < 1:
                seconds = int((1 - left) * 60 / self._per_minute) + 1
                raise Refusal(self._code, status=429, seconds=seconds)
            if name not in self._buckets and len(self._buckets) >= _MOST_CALLERS:
                self._buckets.clear()
            self._buckets[name] = (now, left - 1)


class Callers:
    """Lets programs of sellers in."""

    def __init__(self, database: Database, rate: Rate) -> None:
        self._database, self._rate = database, rate

    def demand(self, scope: str) -> None:
        """The program that calls, which must have ``scope``: see :func:`caller`.

        Raises :class:`Refusal`: ``seller_key_needed`` (401), ``calls_too_many`` (429), ``seller_scope`` (403).
        """
        header = request.headers.get("Authorization", "")
        if not header.startswith(BEARER):
            raise Refusal("seller_key_needed", status=401)
        with self._database.read() as tx:
            found = accounts.caller(tx, header.removeprefix(BEARER).strip())
        if found is None:
            raise Refusal("seller_key_needed", status=401)
        self._rate.spend(found.key_name)
        if scope not in found.scopes:
            raise Refusal("seller_scope", status=403, scope=scope)
        g.seller_caller = found

    def require(self, scope: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator for routes: :meth:`demand` comes first."""

        def around(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def checked(*args: Any, **kwargs: Any) -> Any:
                self.demand(scope)
                return view(*args, **kwargs)

            return checked

        return around


def caller() -> Caller:
    """Who was let in."""
    found: Caller = g.seller_caller
    return found
