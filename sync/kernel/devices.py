"""The MQTT convention between a node and its devices: topics, messages, bounds and the judging of age.

Topics have levels of ``[a-z0-9-]``; the node itself is the device ``node``. Under ``tp/1/<node>/<device>/``::

    state        retained  State; the will says ``lost`` with the bseq of its own birth
    about        retained  About
    beat         QoS 0     Beat, every few seconds and after every birth heard
    book         retained  of the node: what a gate needs where it is cut off (``sync.domains.boarding.cutoff.apart``)
    evt/<kind>   QoS 1     Scan, Apart, Opened; repeated until the node has answered
    cmd/<kind>   QoS 1     Verdict and Received answer events, Open is a command
    ack          QoS 1     Ack, answers a command

Payloads are JSON objects of at most ``MAX_PAYLOAD`` bytes; unknown fields are ignored, so later versions
may add some. An event is known by (device, bseq, seq), a command by its ``cmd_id``: both may come any
number of times.

Age without a shared clock: wall clocks of a box and of a gate differ, and a broker may hold a message for
hours. So a moment that matters is told in the *receiver's* up-time (:class:`Stamp`), which the sender works
out from the beats it hears (:class:`Peer`). A beat comes late, never early: the sender's idea lags
behind the truth, so a command ends a little sooner than meant and an event looks a little older than it is.
Nothing makes a command outlive its term: no stalled broker, no wrong wall clock, no restart (a new process
is a new ``boot``).
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from sync.kernel.errors import Malformed

ROOT = "tp/1"
NODE = "node"
MAX_PAYLOAD = 20_000
MAX_CODE = 4_296
"""Characters in the largest QR symbol (ISO/IEC 18004, version 40-L, alphanumeric)."""
MAX_WHOLE = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""
MAX_LIFE_MS = 60_000
"""A command never lives longer; one that claims to is refused."""
CONNECTION_BITS = 24
_TOPIC = re.compile(
    r"tp/1/([a-z0-9-]{1,40})/([a-z0-9-]{1,40})/(state|about|beat|book|ack|(?:evt|cmd)(?=/))(?:/([a-z0-9-]{1,40}))?"
)
T = TypeVar("T")
Check = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment in the up-time of one process: ``boot`` names the process, ``up_ms`` counts from its start."""

    boot: int
    up_ms: int


def _check(kind: type, holds: Callable[[Any], object]) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not kind or not holds(value):
            raise ValueError
        return value

    return check


def _like(pattern: str) -> Check:
    return _check(str, re.compile(pattern).fullmatch)


def _text(limit: int) -> Check:
    """Neither control characters nor lone surrogates, which no database and no screen would take."""
    return _like(rf"[^\x00-\x1f\x7f\ud800-\udfff]{{1,{limit}}}")


_whole = _check(int, lambda value: 0 <= value <= MAX_WHOLE)


def _stamp(value: Any) -> Stamp:
    pair = [value.boot, value.up_ms] if isinstance(value, Stamp) else value
    if type(pair) is not list or len(pair) != 2:
        raise ValueError
    return Stamp(_whole(pair[0]), _whole(pair[1]))


Whole = Annotated[int, _whole]
Flag = Annotated[bool, _check(bool, lambda value: True)]
Ident = Annotated[str, _like("[A-Za-z0-9._:-]{1,80}")]
Text = Annotated[str, _text(200)]
Code = Annotated[str, _text(MAX_CODE)]
Moment = Annotated[Stamp | None, lambda value: None if value is None else _stamp(value)]
VerdictWord = Literal["VALID", "INVALID", "WARNING", "ERROR"]
"""The four words of entur's HWB standard for validators' responses."""
Result = Literal["opened", "expired"]


@dataclass(frozen=True, slots=True)
class State:
    """Birth, farewell or will of one connection. ``ts_ms`` is a wall clock's claim, for people only."""

    state: Annotated[str, _like("ready|disconnected|lost")]
    bseq: Whole
    fw: Text = "-"
    ts_ms: Whole = 0


@dataclass(frozen=True, slots=True)
class About:
    """What a device is, and which events and commands it ``speaks``, as in ``evt/scan cmd/verdict``."""

    family: Ident
    speaks: Text


@dataclass(frozen=True, slots=True)
class Beat:
    """The sender's up-time in ms at the moment of sending."""

    bseq: Whole
    up_ms: Whole


@dataclass(frozen=True, slots=True)
class Scan:
    """``evt/scan``: a code was read. ``historical``: by a process of the bridge that is no more."""

    bseq: Whole
    seq: Whole
    trace_id: Ident
    historical: Flag
    code: Code
    happened_at: Moment = None


@dataclass(frozen=True, slots=True)
class Apart:
    """``evt/apart``: what a gate that could not reach its node decided by itself on a code that it had read.

    ``scan_bseq`` and ``scan_seq`` name the scan that it answered so: the node may have heard that as well, and said something
    that came too late. ``reason``: why it refused, empty when it let the passenger in; ``at_ms``: when, by its wall clock.
    """

    bseq: Whole
    seq: Whole
    trace_id: Ident
    historical: Flag
    scan_bseq: Whole
    scan_seq: Whole
    code: Code
    reason: Annotated[str, _like("[a-z_]{0,40}")]
    at_ms: Whole
    happened_at: Moment = None


@dataclass(frozen=True, slots=True)
class Opened:
    """``evt/opened``: the gate opened once, for this verdict, on this command."""

    bseq: Whole
    seq: Whole
    trace_id: Ident
    historical: Flag
    cmd_id: Ident
    verdict_id: Ident
    happened_at: Moment = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``cmd/verdict``: the node's durable answer to the scan (bseq, seq), with a ``title`` to show."""

    bseq: Whole
    seq: Whole
    trace_id: Ident
    verdict: Annotated[VerdictWord, _like("VALID|INVALID|WARNING|ERROR")]
    code: Ident
    title: Text


@dataclass(frozen=True, slots=True)
class Received:
    """``cmd/received``: the node keeps the event (bseq, seq); the device may forget it."""

    bseq: Whole
    seq: Whole


@dataclass(frozen=True, slots=True)
class Open:
    """``cmd/open``: open once for this verdict, not after ``expires_at`` in the gate's own up-time."""

    cmd_id: Ident
    verdict_id: Ident
    trace_id: Ident
    expires_at: Annotated[Stamp, _stamp]


@dataclass(frozen=True, slots=True)
class Ack:
    """``ack``: what became of a command, for good."""

    cmd_id: Ident
    result: Annotated[Result, _like("opened|expired")]


def encode(message: Any) -> bytes:
    """JSON bytes of one of the messages above; raises :class:`Malformed` where it breaks its own bounds."""
    kind: Any = type(message)
    fields = {name: _checked(name, check, getattr(message, name)) for name, check, _ in _fields(kind)}
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=lambda s: [s.boot, s.up_ms])
    return text.encode()


def decode(kind: type[T], payload: bytes) -> T:
    """A ``kind`` from bytes that anyone may have sent.

    Raises :class:`Malformed` (``device_message``) whose text is one of a small set of reasons: ``too_long``,
    ``not_json``, ``not_an_object``, ``field_<name>``.
    """
    if len(payload) > MAX_PAYLOAD:
        _malformed("too_long")
    try:
        found = json.loads(payload.decode())
    except (ValueError, RecursionError):
        _malformed("not_json")
    if type(found) is not dict:
        _malformed("not_an_object")
    shape: Any = kind
    fields = [field for field in _fields(shape) if field[0] in found or not field[2]]
    return kind(**{name: _checked(name, check, found.get(name)) for name, check, _ in fields})


def _checked(name: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except ValueError:
        _malformed(f"field_{name}")


def _malformed(reason: str) -> NoReturn:
    raise Malformed("device_message", reason)


@cache
def _fields(kind: Any) -> tuple[tuple[str, Check, bool], ...]:
    """Name, check and whether it may be absent, of each field."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple(
        (field.name, typing.get_args(hints[field.name])[1], field.default is not dataclasses.MISSING)
        for field in dataclasses.fields(kind)
    )


def topic(node: str, device: str, channel: str, kind: str = "") -> str:
    """A topic, or a filter where a part is ``+``. ``channel``: state, about, beat, book, evt, cmd or ack."""
    return "/".join(part for part in (ROOT, node, device, channel, kind) if part)


def parse_topic(text: str) -> tuple[str, str, str, str]:
    """(node, device, channel, kind); ``kind`` is "" but for evt and cmd. Raises :class:`Malformed`."""
    found = _TOPIC.fullmatch(text)
    if found is None or (found[4] is not None) != (found[3] in ("evt", "cmd")):
        _malformed("topic")
    return found[1], found[2], found[3], found[4] or ""


def make_bseq(boot: int, connection: int) -> int:
    """The number that pairs a connection's birth with its will: ``boot`` of the process, then a count."""
    return (boot << CONNECTION_BITS) + connection


class Peer:
    """What one end knows of the other: is it there, and (lagging, never leading) what is its up-time."""

    def __init__(self) -> None:
        self.state, self.bseq, self.fw = "unknown", 0, "-"
        self._ahead_ms: int | None = None

    def hear_beat(self, beat: Beat, mono_ms: int) -> bool:
        """Take a live beat (never a retained one) heard at ``mono_ms``; True when the peer is new or back."""
        ahead_ms = beat.up_ms - mono_ms
        back = self._ahead_ms is None or beat.bseq >> CONNECTION_BITS != self.bseq >> CONNECTION_BITS
        # Of several beats the least delayed tells most; a ms less a beat, since quartzes drift apart meanwhile.
        self._ahead_ms = ahead_ms if back or self._ahead_ms is None else max(ahead_ms, self._ahead_ms - 1)
        self.state, self.bseq = "ready", beat.bseq
        return back

    def hear_state(self, state: State) -> None:
        """A birth counts; a farewell or will only if it belongs to the birth that is known."""
        if state.state != "ready" and self.bseq not in (0, state.bseq):
            return
        if state.state != "ready" or state.bseq >> CONNECTION_BITS != self.bseq >> CONNECTION_BITS:
            self.forget()
        self.state, self.bseq, self.fw = state.state, state.bseq, state.fw

    def forget(self) -> None:
        """The peer or the line is gone: stamp nothing until a beat is heard."""
        self._ahead_ms = None

    def stamp(self, mono_ms: int) -> Stamp | None:
        """The moment ``mono_ms`` (own clock, ms) in the peer's up-time; None while the peer is not heard."""
        if self._ahead_ms is None:
            return None
        return Stamp(self.bseq >> CONNECTION_BITS, max(0, mono_ms + self._ahead_ms))


def age_ms(stamp: Stamp | None, boot: int, up_ms: int) -> int | None:
    """How long ago ``stamp`` was, for the process ``boot`` at its ``up_ms``; negative when it lies ahead.

    None when the stamp is of another process: then nothing is known, and it must pass for old.
    """
    return up_ms - stamp.up_ms if stamp is not None and stamp.boot == boot else None
