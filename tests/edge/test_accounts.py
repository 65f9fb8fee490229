"""Signing in with the hub away: PINs, guessing, locks, sessions, roles."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge.kernel.accounts import BOX_TRIES, FIRST_LOCK_S, SESSION_MS, TRIES
from sync.domains import EVENTS
from sync.kernel import pins
from sync.kernel.errors import Refusal
from sync.kernel.events import ClerkLocked
from sync.kernel.operations import Clerk
from tests.support.nodes import CLERK_NO, PIN, Bench, make_bench, pin_hash

LOCK_MS = FIRST_LOCK_S * 1000


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """scrypt costs what it has to; here the comparison is a plain one, but for the test that says otherwise."""
    monkeypatch.setattr(pins, "pin_matches", lambda pin, stored: pin == PIN and stored == pin_hash())
    return make_bench(tmp_path)


def guess(bench: Bench, clerk_no: int = CLERK_NO, pin: str = "0000") -> Refusal:
    with pytest.raises(Refusal) as raised:
        bench.node.accounts.sign_in(clerk_no, pin)
    return raised.value


def lock(bench: Bench) -> None:
    for _ in range(TRIES):
        assert guess(bench).code == "pin_wrong"


def locked_events(bench: Bench) -> list[ClerkLocked]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    events = [EVENTS.decode(row[0]).event for row in rows]
    return [event for event in events if isinstance(event, ClerkLocked)]


def test_the_right_pin_opens_and_a_wrong_one_says_how_many_are_left(bench: Bench) -> None:
    assert bench.node.accounts.sign_in(CLERK_NO, PIN).name == "陈晓"
    assert [guess(bench).details["left"] for _ in range(TRIES)] == [4, 3, 2, 1, 0]


def test_the_real_hash_is_asked(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    assert bench.node.accounts.sign_in(CLERK_NO, PIN).clerk_no == CLERK_NO
    for pin in ("2581", "", "2580 ", "\ud800", "二五八〇", "2" * 10_000):
        assert guess(bench, pin=pin).code in ("pin_wrong", "pin_locked")


def test_five_wrong_pins_lock_and_the_right_one_does_not_open_meanwhile(bench: Bench) -> None:
    lock(bench)
    found = guess(bench, pin=PIN)
    assert (found.code, found.status, found.details) == ("pin_locked", 429, {"minutes": 5})
    (event,) = locked_events(bench)
    assert (event.clerk_no, event.attempts) == (CLERK_NO, TRIES)
    bench.clock.pass_ms(LOCK_MS - 1)
    assert guess(bench, pin=PIN).details == {"minutes": 1}
    bench.clock.pass_ms(1)
    assert bench.node.accounts.sign_in(CLERK_NO, PIN).clerk_no == CLERK_NO


def test_each_lock_is_twice_as_long_as_the_one_before(bench: Bench) -> None:
    for turn in range(9):
        lock(bench)
        length_ms = LOCK_MS * 2 ** min(turn, 6)
        bench.clock.pass_ms(length_ms - 1)
        assert guess(bench).code == "pin_locked", turn
        bench.clock.pass_ms(1)
        bench.node.scribe.write(lambda unit: unit.connection.execute("DELETE FROM pin_guess WHERE clerk_no = 0"))


def test_signing_in_counts_from_the_start_again(bench: Bench) -> None:
    for _ in range(3):
        for _ in range(TRIES - 1):
            guess(bench)
        bench.node.accounts.sign_in(CLERK_NO, PIN)
    assert guess(bench).details["left"] == TRIES - 1


def test_a_restart_neither_shortens_nor_lengthens_the_lock(bench: Bench) -> None:
    bench.clock.pass_ms(10 * LOCK_MS)
    lock(bench)
    bench.clock.pass_ms(LOCK_MS - 1)
    bench.restart()
    assert guess(bench, pin=PIN).details == {"minutes": 5}
    bench.clock.pass_ms(LOCK_MS)
    bench.node.accounts.sign_in(CLERK_NO, PIN)


def test_a_restart_does_not_give_more_tries(bench: Bench) -> None:
    for _ in range(TRIES - 1):
        guess(bench)
        bench.restart()
    guess(bench)
    assert guess(bench, pin=PIN).code == "pin_locked"


def test_setting_the_clock_changes_no_lock(bench: Bench) -> None:
    lock(bench)
    for wall in (bench.clock.wall + 90 * 86_400_000, 0):
        bench.clock.wall = wall
        assert guess(bench, pin=PIN).code == "pin_locked"
    bench.clock.mono += LOCK_MS
    bench.node.accounts.sign_in(CLERK_NO, PIN)


def test_guesses_at_the_same_moment_do_not_open_the_lock_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them looked before any was counted. The fifth locks, and those behind it change nothing of that."""
    count = TRIES + 3
    together = threading.Barrier(count)

    def slow(pin: str, stored: str) -> bool:
        together.wait(10)
        return False

    monkeypatch.setattr(pins, "pin_matches", slow)
    codes: list[str] = []
    threads = [threading.Thread(target=lambda: codes.append(guess(bench).code)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(codes) == ["pin_locked"] * 3 + ["pin_wrong"] * TRIES
    assert guess(bench).code == "pin_locked"
    assert len(locked_events(bench)) == 1


def test_a_right_guess_that_raced_with_wrong_ones_does_not_open_a_lock(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(pin: str, stored: str) -> bool:
        monkeypatch.setattr(pins, "pin_matches", lambda *_: False)
        lock(bench)
        return True

    monkeypatch.setattr(pins, "pin_matches", meanwhile)
    assert guess(bench, pin=PIN).code == "pin_locked"


def test_the_box_as_a_whole_locks_after_many_guesses_at_many_clerks(bench: Bench) -> None:
    for number in range(BOX_TRIES):
        assert guess(bench, clerk_no=1_000 + number).code == "pin_wrong"
    assert guess(bench, pin=PIN).code == "pin_locked"
    assert [event.clerk_no for event in locked_events(bench)] == [0]
    bench.clock.pass_ms(LOCK_MS)
    bench.node.accounts.sign_in(CLERK_NO, PIN)


def test_an_unknown_number_and_a_wrong_pin_look_the_same(bench: Bench) -> None:
    known, unknown = guess(bench), guess(bench, clerk_no=999)
    assert (known.code, known.status, known.details) == (unknown.code, unknown.status, unknown.details)


def test_one_clerks_lock_is_not_anothers(bench: Bench) -> None:
    bench.operate("node/7", "clerk/12", Clerk(12, "李", ("gate",), pin_hash()).to_bytes())
    lock(bench)
    assert bench.node.accounts.sign_in(12, PIN).roles == ("gate",)


def test_a_session_lasts_twelve_hours_of_this_boot(bench: Bench) -> None:
    accounts = bench.node.accounts
    token = accounts.open_session(accounts.sign_in(CLERK_NO, PIN))
    bench.clock.pass_ms(SESSION_MS)
    assert accounts.session(token).clerk_no == CLERK_NO
    bench.clock.pass_ms(1)
    with pytest.raises(Refusal, match="sign_in_first"):
        accounts.session(token)


def test_a_session_ends_with_the_boot(bench: Bench) -> None:
    token = bench.node.accounts.open_session(bench.node.accounts.sign_in(CLERK_NO, PIN))
    bench.restart()
    for text in (token, "", token.upper(), "00" * 24, "票"):
        with pytest.raises(Refusal, match="sign_in_first"):
            bench.node.accounts.session(text)


def test_sessions_that_are_over_are_forgotten(bench: Bench) -> None:
    accounts = bench.node.accounts
    clerk = accounts.sign_in(CLERK_NO, PIN)
    for _ in range(50):
        accounts.open_session(clerk)
    bench.clock.pass_ms(SESSION_MS + 1)
    accounts.open_session(clerk)
    assert len(accounts._sessions) == 1


def test_no_token_and_no_pin_stands_on_the_disk(bench: Bench, tmp_path: Path) -> None:
    token = bench.node.accounts.open_session(bench.node.accounts.sign_in(CLERK_NO, PIN))
    guess(bench, pin="31415926")
    bench.node.database.close()
    disk = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for secret in (token.encode(), bytes.fromhex(token), b"31415926"):
        assert secret not in disk
