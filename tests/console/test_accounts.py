"""Signing in: one-time passphrases, locking, sessions that end, tokens of programs."""

from __future__ import annotations

import re
import stat

import pytest

from cloud.app import create_app
from cloud.bootstrap import build
from cloud.console.web import SECRET_FILE, load_secret
from cloud.kernel.accounts import Accounts, Admin
from cloud.kernel.guesses import FREE_BY_ADDRESS, FREE_BY_NAME
from sync.kernel.errors import Refusal
from tests.console.world import MINUTE_MS, PASSPHRASE, ConsoleWorld

TOKEN = re.compile(r"yph_[0-9a-f]{64}")


def test_who_comes_with_a_one_time_passphrase_must_choose_another(bare: ConsoleWorld) -> None:
    once = bare.accounts.add("王敏", "admin", "test")
    person = bare.person().sign_in("王敏", once)
    for address in ("/console/", "/console/nodes", "/console/account"):
        assert person.get(address).headers["Location"] == "/console/passphrase"
    page = person.post("/console/passphrase", old=once, new=PASSPHRASE, repeated=PASSPHRASE)
    assert page.headers["Location"] == "/console/sign-in"
    assert person.get("/console/").status_code == 302
    assert bare.person().sign_in("王敏").get("/console/").status_code == 200
    assert bare.person().post("/console/sign-in", name="王敏", passphrase=once).status_code == 401


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("old", "new", "repeated", "field"),
    [
        ("wrong wrong wrong", "another long one", "another long one", "old"),
        (PASSPHRASE, "short", "short", "new"),
        (PASSPHRASE, "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "new"),
        (PASSPHRASE, PASSPHRASE, PASSPHRASE, "new"),
        (PASSPHRASE, "another long one", "another long two", "repeated"),
        (PASSPHRASE, "", "", "new"),
    ],
)
def test_a_poor_passphrase_is_refused_beside_its_field(
    bare: ConsoleWorld, old: str, new: str, repeated: str, field: str
) -> None:
    person = bare.add_admin("王敏")
    page = person.post("/console/passphrase", old=old, new=new, repeated=repeated)
    assert page.status_code == 422 and f'id="{field}-error"' in page.text
    assert person.get("/console/").status_code == 200


def test_guessing_locks_the_name_and_a_restart_does_not_unlock_it(bare: ConsoleWorld) -> None:
    bare.add_admin("王敏")
    for _ in range(FREE_BY_NAME):
        assert bare.person().post("/console/sign-in", name="王敏", passphrase="guess guess").status_code == 401
    again = build(bare.hub.settings, bare.clock, bare.ids)
    try:
        accounts = Accounts(again.database, bare.clock, bare.ids)
        with pytest.raises(Refusal, match="sign_in_locked") as caught:
            accounts.sign_in("王敏", PASSPHRASE, "10.0.0.9")
        assert caught.value.details == {"minutes": 1}
        bare.clock.now_ms += MINUTE_MS
        assert accounts.sign_in("王敏", PASSPHRASE, "10.0.0.9")
    finally:
        again.close()


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_each_wrong_guess_past_the_free_ones_locks_longer(bare: ConsoleWorld) -> None:
    bare.add_admin("王敏")
    waits = []
    for count in range(FREE_BY_NAME + 8):
        with pytest.raises(Refusal, match="sign_in_wrong"):
            bare.accounts.sign_in("王敏", "guess guess", f"10.0.0.{count}")
        try:
            bare.accounts.sign_in("王敏", PASSPHRASE, "10.0.1.1") if count >= FREE_BY_NAME - 1 else None
        except Refusal as refusal:
            waits.append(refusal.details["minutes"])
            bare.clock.now_ms += int(str(refusal.details["minutes"])) * MINUTE_MS
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_one_address_may_not_try_all_names(bare: ConsoleWorld) -> None:
    bare.add_admin("王敏")
    for count in range(FREE_BY_ADDRESS):
        with pytest.raises(Refusal, match="sign_in_wrong"):
            bare.accounts.sign_in(f"name {count}", "guess guess", "10.0.0.1")
    with pytest.raises(Refusal, match="sign_in_locked"):
        bare.accounts.sign_in("王敏", PASSPHRASE, "10.0.0.1")
    assert bare.accounts.sign_in("王敏", PASSPHRASE, "10.0.0.2")


def test_a_session_ends_when_it_is_left_idle_and_after_half_a_day(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    for _ in range(3):
        bare.clock.now_ms += 29 * MINUTE_MS
        assert person.get("/console/").status_code == 200
    bare.clock.now_ms += 31 * MINUTE_MS
    assert person.get("/console/").status_code == 302
    person = bare.person().sign_in("王敏")
    for _ in range(26):
        assert person.get("/console/").status_code == 200
        bare.clock.now_ms += 28 * MINUTE_MS
    assert person.get("/console/").status_code == 302


def test_a_cookie_kept_from_before_signing_out_is_worth_nothing(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    cookie = person.client.get_cookie("yipiao_hub")
    assert cookie is not None
    assert person.post("/console/sign-out", "/console/").status_code == 302
    thief = bare.person()
    thief.client.set_cookie("yipiao_hub", cookie.value)
    assert thief.get("/console/").status_code == 302


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_a_cookie_signed_with_another_key_is_worth_nothing(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    cookie = person.client.get_cookie("yipiao_hub")
    (bare.hub.settings.data / SECRET_FILE).unlink()
    other = create_app(bare.hub).test_client()
    assert cookie is not None
    other.set_cookie("yipiao_hub", cookie.value)
    assert other.get("/console/").status_code == 302


def test_changing_the_passphrase_ends_all_sessions_and_tokens(bare: ConsoleWorld) -> None:
    person, other = bare.add_admin("王敏"), bare.person().sign_in("王敏")
    (token,) = TOKEN.findall(person.post("/console/account/tokens", "/console/account", label="report").text)
    person.post("/console/passphrase", old=PASSPHRASE, new="another long one", repeated="another long one")
    assert other.get("/console/").status_code == 302
    assert bare.accounts.bearer(token) is None


def test_a_token_reads_with_the_rights_of_its_owner_until_it_is_ended(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏", "viewer")
    page = person.post("/console/account/tokens", "/console/account", label="report")
    (token,) = TOKEN.findall(page.text)
    assert token not in person.get("/console/account").text
    program = bare.person()
    headers = {"Authorization": f"Bearer {token}"}
    assert program.get("/api/v1/nodes", headers=headers).status_code == 200
    assert program.get("/api/v1/nodes", headers={"Authorization": "Bearer yph_00"}).status_code == 401
    found = bare.accounts.bearer(token)
    assert found is not None and not found.may("admin")
    (name,) = re.findall(r"/console/account/tokens/(\w+)/drop", person.get("/console/account").text)
    person.post(f"/console/account/tokens/{name}/drop", "/console/account")
    assert program.get("/api/v1/nodes", headers=headers).status_code == 401


def test_who_is_shut_out_is_out_at_once(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    bare.accounts.disable("王敏", "test")
    assert person.get("/console/").status_code == 302
    with pytest.raises(Refusal, match="sign_in_wrong"):
        bare.accounts.sign_in("王敏", PASSPHRASE, "10.0.0.1")


def test_a_reset_gives_a_new_one_time_passphrase_and_lifts_the_lock(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    for _ in range(FREE_BY_NAME):
        bare.person().post("/console/sign-in", name="王敏", passphrase="guess guess")
    once = bare.accounts.reset("王敏", "test")
    assert person.get("/console/").status_code == 302
    assert bare.person().sign_in("王敏", once).get("/console/").headers["Location"] == "/console/passphrase"


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "role", "code"),
    [("", "admin", "admin_name"), ("x" * 61, "admin", "admin_name"), ("a\nb\x00", "admin", "admin_name"),
     ("李", "king", "admin_role"), ("王敏", "viewer", "admin_exists")],
)  # fmt: skip
def test_an_admin_who_can_not_be_is_refused(bare: ConsoleWorld, name: str, role: str, code: str) -> None:
    bare.accounts.add("王敏", "admin", "test")
    with pytest.raises(Refusal, match=code):
        bare.accounts.add(name, role, "test")
    assert bare.accounts.names() == ["王敏"]


def test_nothing_readable_of_passphrases_and_tokens_is_stored(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    (token,) = TOKEN.findall(person.post("/console/account/tokens", "/console/account", label="report").text)
    who = bare.accounts.bearer(token)
    assert isinstance(who, Admin)
    with bare.hub.database.read() as tx:
        from sqlalchemy import select

        from cloud.kernel.accounts import admin, admin_session, api_token

        stored = repr([list(tx.execute(select(table))) for table in (admin, admin_session, api_token)])
    assert PASSPHRASE not in stored and token[4:] not in stored and bytes.fromhex(token[4:]) not in stored.encode()


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_the_key_of_the_cookies_is_made_once_and_is_nobody_elses_to_read(bare: ConsoleWorld) -> None:
    path = bare.hub.settings.data / SECRET_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_secret(bare.hub.settings.data, b"x" * 32) == path.read_bytes()
    path.chmod(0o644)
    with pytest.raises(Refusal, match="settings"):
        load_secret(bare.hub.settings.data, b"x" * 32)
    path.chmod(0o600)
    path.write_bytes(b"")
    with pytest.raises(Refusal, match="settings"):
        load_secret(bare.hub.settings.data, b"x" * 32)
