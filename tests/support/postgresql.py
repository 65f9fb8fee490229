"""A real PostgreSQL server of the test run's own: a temporary folder, a free port, loopback only."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.support.children import start_child, stop_child
from tests.support.ports import free_port

_NAME = "yipiao"


@dataclass
class PostgresServer:
    """A server of our own. `version` as it says itself, `folder` with its data and its log, `words` how it is started."""

    port: int
    password: str
    folder: Path
    words: list[str]
    account: str | None
    version: str = ""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it over what is in its folder; returns when it takes connections."""
        end = time.monotonic() + 60
        while True:
            with (self.folder / "log").open("ab") as log:
                self.process = start_child(
                    self.words, output=log, last_signal=signal.SIGQUIT, user=self.account, cwd=self.folder
                )
            if self._ready(self.process, end):
                return
            # After kill -9 its children may hold the shared memory for a moment: then it ends at once.
            if time.monotonic() > end:
                raise TimeoutError((self.folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:])

    def kill(self) -> None:
        """kill -9 of the server, as the kernel does when memory runs out; its children end when they notice."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """SIGINT is PostgreSQL's fast shutdown: it does not wait for clients."""
        if self.process is not None:
            stop_child(self.process, number=signal.SIGINT)

    def _ready(self, process: subprocess.Popen[bytes], end: float) -> bool:
        """Ask until it takes connections, which is later than its port opens; False when it ended."""
        while process.poll() is None and time.monotonic() < end:
            try:
                with self.admin() as connection:
                    row = connection.execute("SHOW server_version").fetchone()
                self.version = str(row[0]) if row else ""
                return True
            except psycopg.OperationalError:
                time.sleep(0.05)
        return False

    def url(self, database: str) -> str:
        """SQLAlchemy's address of one database."""
        return f"postgresql+psycopg://{_NAME}:{self.password}@127.0.0.1:{self.port}/{database}"

    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection outside any transaction, for CREATE and DROP DATABASE."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=_NAME,
            password=self.password,
            dbname="postgres",
            autocommit=True,
        )

    @contextlib.contextmanager
    def fresh_database(self) -> Iterator[str]:
        """The address of an empty database that is gone afterwards, whoever is still connected to it."""
        name = f"t_{uuid.uuid4().hex}"
        with self.admin() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'".encode())
        try:
            yield self.url(name)
        finally:
            with self.admin() as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def find_program(name: str) -> str | None:
    """Debian keeps the server's programs outside the PATH; the newest version wins."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(versions[-1]) if versions else shutil.which(name)


def _account() -> str | None:
    """PostgreSQL refuses to run as root; Debian's package brings an account for it."""
    if os.geteuid() != 0:
        return None
    pwd.getpwnam("postgres")
    return "postgres"


def _initialise(folder: Path, password: str, account: str | None) -> Path:
    initdb = find_program("initdb")
    if initdb is None:
        raise FileNotFoundError("PostgreSQL's initdb is not installed; `./yipiao test` installs it")
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8")
    if account:
        shutil.chown(secret, account)
        shutil.chown(folder, account)
    words = [initdb, "-D", str(folder / "data"), "-U", _NAME, "--pwfile", str(secret), "--auth=password",
             "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]  # fmt: skip
    made = subprocess.run(words, user=account, cwd=folder, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")
    return folder / "data"


@contextlib.contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Start a server and stop it at the end.

    `durable=False` leaves out fsync, which only tests may do that never look at what a crash leaves behind.
    """
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="yipiao-postgresql-"))
    password, port = secrets.token_hex(16), free_port()
    server = None
    try:
        data = _initialise(folder, password, account)
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "",
                    "max_connections": 60, "shared_buffers": "32MB"}  # fmt: skip
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        words = [find_program("postgres") or "postgres", "-D", str(data)]
        words += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = PostgresServer(port, password, folder, words, account)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
