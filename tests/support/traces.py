"""Looking for words that must stand nowhere: in bytes, in what is packed inside bytes, in every value of every database."""

from __future__ import annotations

import base64
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import base45
import zstandard

from sync.kernel import ticket

ZSTD, GZIP, ZLIB = b"\x28\xb5\x2f\xfd", b"\x1f\x8b\x08", (b"\x78\x01", b"\x78\x9c", b"\x78\xda")
MOST_UNPACKED = 64 << 20
DEEP = 3


def forms(word: str) -> dict[bytes, str]:
    """Ways to write ``word`` in bytes → what each is called. A form may be cut short where its neighbours change it."""
    plain = word.encode()
    found = {
        plain: "utf-8",
        plain[::-1]: "backwards",
        plain.hex().encode(): "hex",
        plain.hex().upper().encode(): "HEX",
        quote(word, safe="").encode(): "percent",
        quote(word, safe="").lower().encode(): "percent, small",
        json.dumps(word)[1:-1].encode(): "json",
        "".join(f"&#{ord(letter)};" for letter in word).encode(): "html",
    }
    for name in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030", "big5hkscs"):
        try:
            found[word.encode(name)] = name
        except UnicodeEncodeError:
            continue
    for shift in range(3):
        # Of the three ways to cut into groups of three bytes; the signs at both ends hang on the neighbours. All others are
        # wanted: four of them alone are three digits, which chance brings.
        first, last = (8 * shift + 5) // 6, 8 * (len(plain) + shift) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found[encode(bytes(shift) + plain)[first:last]] = f"base64/{shift}"
    if word.isdigit() and len(word) % 2 == 0:
        found[bytes.fromhex(word)] = "packed digits"
    return {form: f"{word} as {name}" for form, name in found.items() if len(form) >= 4}


class Traces:
    """What was found of ``words``. ``looked`` counts the pieces of bytes, unpacked ones included."""

    def __init__(self, words: Iterable[str]) -> None:
        self._forms = {form: name for word in words for form, name in forms(word).items()}
        self.found: list[str] = []
        self.looked = self.unpacked = 0

    def look(self, where: str, data: bytes | str, deep: int = 0) -> None:
        """Search one piece, and whatever is packed inside it."""
        piece = data.encode(errors="surrogatepass") if isinstance(data, str) else data
        self.looked += 1
        self.found += [f"{where}: {name}" for form, name in self._forms.items() if form in piece]
        if deep < DEEP:
            for inner in _unpacked(piece):
                self.unpacked += 1
                self.look(f"{where} (unpacked)", inner, deep + 1)

    def look_into(self, folder: Path) -> int:
        """Search every file under ``folder``, its name, and every value of those that are databases; how many there were."""
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        for path in files:
            data = path.read_bytes()
            self.look(str(path), str(path.relative_to(folder)))
            self.look(str(path), data)
            if data.startswith(b"SQLite format 3\x00"):
                for where, value in _values(path):
                    self.look(f"{path.name} {where}", value)
        return len(files)

    def look_at_code(self, where: str, text: str) -> None:
        """Search a ticket's code: its text, and what the text says."""
        self.look(where, text)
        self.look(f"{where} (decoded)", base45.b45decode(text.removeprefix(ticket.PREFIX)))


def _unpacked(data: bytes) -> Iterator[bytes]:
    for start in _places(data, ZSTD):
        try:
            yield zstandard.ZstdDecompressor().stream_reader(data[start:]).read(MOST_UNPACKED)
        except zstandard.ZstdError:
            continue
    for mark in (GZIP, *ZLIB):
        for start in _places(data, mark):
            try:
                yield zlib.decompressobj(wbits=47).decompress(data[start:], MOST_UNPACKED)
            except zlib.error:
                continue


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    place = data.find(mark)
    while place >= 0:
        yield place
        place = data.find(mark, place + 1)


def _values(path: Path) -> Iterator[tuple[str, bytes | str]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes | str):
                        yield table, value
    finally:
        connection.close()
