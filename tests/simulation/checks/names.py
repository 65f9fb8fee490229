"""Law 10 and named travellers: one document has one ticket a trip, or the second stands aside; and no number and no name
stands in clear on any disk, or crossed any line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.acts.counter import SECRETS
from tests.simulation.checks.readings import NAMED, Readings, ticket_of
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

FORMS = {form: word for word in SECRETS for form in (
    word.encode(), word.encode("utf-16-le"), word.encode().hex().encode(), word.encode()[::-1]
)}  # fmt: skip
# Most of a young database is zeros: where a form does not stand in what is left without them, it stands nowhere.
DENSE = {form: form.replace(b"\0", b"") for form in FORMS}


def judge(world: World, found: Readings) -> None:
    """The hub's list of names, told again; then every byte of the world."""
    if world.mix.names:
        _judge_names(found)
        _judge_bytes(world, found)


def _judge_names(found: Readings) -> None:
    """In the order of positions: a refund that was no mistake makes the document free again."""
    live: dict[tuple[int, int, bytes], set[bytes]] = {}
    where: dict[bytes, tuple[int, int, bytes]] = {}
    for event in found.events:
        code = found.quarantined.get(event.pos, "")
        if event.type == NAMED:
            _, trip_no, day, _, _, check = event.body[:6]
            there = live.setdefault((trip_no, day, check), set())
            if bool(there) != (code == "document_twice") and code in ("", "document_twice"):
                raise Violation(
                    "document_twice", f"log {event.log} event {event.seq}: {len(there)} before, {code or 'good'}"
                )
            if not code:
                ticket_id = ticket_of(event.log, event.body[0])
                there.add(ticket_id)
                where[ticket_id] = trip_no, day, check
        elif (back := found.given_back(event)) in where:
            live[where[back]].discard(back)


def _judge_bytes(world: World, found: Readings) -> None:
    """Files as they lie there, events and operations unpacked, and what crossed the lines."""
    for path in sorted(world.folder.rglob("*")):
        if path.is_file():
            _look(f"file {path.name} of {path.parent.name}", path.read_bytes())
    for event in found.events:
        _look(f"event {event.seq} of log {event.log}", event.data)
    for disk in found.disks:
        for seq, data in disk.events:
            _look(f"event {seq} on {disk.name}", data)
    for _, data in world.wire.events():
        _look("a message", data)
    for lines in world.trace.lines:
        _look("the story", lines[3].encode())


def _look(where: str, data: bytes) -> None:
    dense = data.translate(None, b"\0")
    for form, word in FORMS.items():
        if DENSE[form] in dense and form in data:
            raise Violation("in_clear", f"{where} holds {word}")
