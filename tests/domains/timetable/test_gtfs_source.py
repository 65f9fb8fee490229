"""Feeds that attack the hub, or are no feeds at all."""

from __future__ import annotations

import random
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from cloud.domains.timetable.gtfs import FeedRejected, compile_feed
from cloud.domains.timetable.gtfs.source import MAX_ENTRIES
from tests.domains.timetable.gtfs_feeds import SOUND, feed, packed, refused

MUTATIONS = 300


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The sound feed as a zip."""
    return packed(feed(tmp_path / "feed"), tmp_path / "feed.zip")


def add(archive: Path, name: str, content: bytes, **attributes: int) -> None:
    """Put one more entry into the zip."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    for key, value in attributes.items():
        setattr(entry, key, value)
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "a") as target:
        warnings.simplefilter("ignore", UserWarning)  # about the name that is there twice on purpose
        target.writestr(entry, content)


def codes(path: Path) -> list[tuple[str, str]]:
    """(file, code) of every error."""
    return [(place[0], place[4]) for place in refused(path)]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(archive: Path) -> None:
    add(archive, "shapes.txt", bytes(30_000_000))
    assert codes(archive) == [("shapes.txt", "zip_bomb")]


def test_a_small_file_may_be_repetitive(archive: Path) -> None:
    add(archive, "shapes.txt", b"shape_id\n" + b"a\n" * 400_000)
    assert compile_feed(archive).counts.departures == 2


@pytest.mark.parametrize(
    "name", ["../stops.txt", "/etc/stops.txt", "a/../../stops.txt", "..\\stops.txt", "C:stops.txt"]
)
def test_a_path_that_leads_out_of_the_feed_is_refused(archive: Path, name: str) -> None:
    add(archive, name, b"stop_id\n")
    assert codes(archive) == [(name, "unsafe_path")]


def test_a_link_in_a_zip_is_refused(archive: Path) -> None:
    add(archive, "shapes.txt", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16)
    assert codes(archive) == [("shapes.txt", "unsafe_path")]


def test_a_link_that_leads_out_of_a_folder_is_refused(tmp_path: Path) -> None:
    folder = feed(tmp_path / "feed", {"stops.txt": None})
    (tmp_path / "secret").write_text(SOUND["stops.txt"])
    (folder / "stops.txt").symlink_to(tmp_path / "secret")
    assert codes(folder) == [("stops.txt", "unsafe_path")]


def test_too_many_files_are_refused(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as target:
        for number in range(MAX_ENTRIES):
            target.writestr(f"{number}.txt", b"")
    assert codes(archive) == [("feed.zip", "too_many_files")]


def test_a_file_that_is_there_twice_is_refused(archive: Path) -> None:
    add(archive, "stops.txt", b"stop_id\n")
    assert codes(archive) == [("stops.txt", "duplicate_file")]


def test_an_encrypted_entry_is_refused(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    archive.write_bytes(content)
    assert codes(archive) == [("agency.txt", "zip_encrypted")]


def test_an_entry_packed_in_an_unusual_way_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as target:
        target.writestr("agency.txt", SOUND["agency.txt"])
    assert codes(path) == [("agency.txt", "zip_method")]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_a_zip_that_was_cut_off_is_refused(archive: Path, share: float) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    assert codes(archive) == [("feed.zip", "zip_damaged")]


def test_an_entry_that_unpacks_to_other_bytes_is_refused(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[content.index(b"agency.txt") + len(b"agency.txt") + 4] ^= 0xFF
    archive.write_bytes(content)
    assert ("feed.zip", "zip_damaged") in codes(archive)


def test_an_entry_that_lies_about_its_size_is_refused(archive: Path) -> None:
    """The directory says a few bytes, the packed stream holds more: no more than was said is read."""
    content = bytearray(archive.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    archive.write_bytes(content)
    assert ("feed.zip", "zip_damaged") in codes(archive)


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.zip"
    path.write_text("not a real zip")
    assert codes(path) == [("feed.zip", "not_a_zip")]


def test_an_empty_zip_lacks_its_files(tmp_path: Path) -> None:
    zipfile.ZipFile(tmp_path / "feed.zip", "w").close()
    assert ("stops.txt", "missing_file") in codes(tmp_path / "feed.zip")


def test_a_path_with_nothing_there_is_refused(tmp_path: Path) -> None:
    assert codes(tmp_path / "nowhere.zip") == [("nowhere.zip", "feed_absent")]


def test_a_folder_that_was_packed_whole_is_read(tmp_path: Path) -> None:
    path = packed(feed(tmp_path / "feed"), tmp_path / "feed.zip", prefix="my feed/")
    add(path, "__MACOSX/my feed/._stops.txt", b"\0\1")
    assert compile_feed(path).counts.departures == 2


def test_no_damage_to_a_zip_brings_anything_but_a_refusal(archive: Path, tmp_path: Path) -> None:
    chance, sound = random.Random(20), archive.read_bytes()
    target = tmp_path / "mutant.zip"
    outcomes = set()
    for _ in range(MUTATIONS):
        mutant = bytearray(sound)
        for _ in range(chance.choice((1, 1, 3))):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        target.write_bytes(mutant[: chance.choice((len(mutant), len(mutant), chance.randrange(len(mutant))))])
        try:
            compile_feed(target)
            outcomes.add("taken")
        except FeedRejected as rejection:
            outcomes.update(error.code for error in rejection.errors)
    assert {"taken", "zip_damaged", "zip_encrypted"} <= outcomes
