"""One tree of errors, for both ends.

::

    YipiaoError
    ├── Refusal      a person can act on it: a code, and a sentence in three languages under that code
    ├── Fault        the world failed (line, disk, peer); ``retry`` says whether trying again can help
    │   └── Malformed    bytes that are not what they claim to be; never worth a retry
    └── Broken       an invariant does not hold: this process stops writing and says so

A refusal's code is a key of ``sync/catalogue/errors.toml``; ``args`` fill the sentence.
"""

from __future__ import annotations

from typing import NoReturn


class YipiaoError(Exception):
    """Base of every error that this project raises on purpose."""

    code: str = "error"


class Refusal(YipiaoError):
    """A decision that a person can understand and act on.

    ``code`` names the sentence, ``args`` (keyword) fill it, ``status`` is the HTTP status to answer with and
    ``field`` the input field to stand beside, if there is one.
    """

    def __init__(self, code: str, *, status: int = 409, field: str | None = None, **args: object) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.field = field
        self.details: dict[str, object] = args


class Fault(YipiaoError):
    """The world failed, not the request. ``retry`` is True when the same call may go through later."""

    def __init__(self, code: str, message: str = "", *, retry: bool = True) -> None:
        super().__init__(message or code)
        self.code = code
        self.retry = retry


class Malformed(Fault):
    """Bytes that do not decode, do not verify or stand outside a bound."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code, message, retry=False)


class Broken(YipiaoError):
    """Something that can't be is: continuing could lose or double a sale, so nothing more is written."""

    code = "broken_invariant"


def invariant(holds: bool, what: str) -> None:
    """Raise :class:`Broken` unless ``holds``. Stays on under ``python -O``, unlike ``assert``."""
    if not holds:
        broken(what)


def broken(what: str) -> NoReturn:
    """Raise :class:`Broken` with ``what`` as its text."""
    raise Broken(what)
