"""The top level of the checkout is the picture in the README, and nothing else."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.architecture.walls import imports
from tests.tooling.tree import ROOMS, ROOT, files, python_files, read

TOP = {
    *ROOMS,
    "tests",
    "docs",
    ".ci",
    "pyproject.toml",
    "README.md",
    "README.zh-CN.md",
    "LICENSE",
    "yipiao",
    ".gitignore",
}
LOCKS = Path(".ci/lock")
# These come with Flask and its extensions and are their public face.
FLASKS_OWN = {"werkzeug", "jinja2", "markupsafe", "webargs", "apispec", "wtforms"}


def test_the_top_level_holds_what_it_must_and_nothing_else() -> None:
    strangers = {path.parts[0] for path in files()} - TOP
    assert not strangers, f"not part of the layout: {strangers}"


def test_every_room_is_a_package() -> None:
    missing = [room for room in ROOMS if (ROOT / room).exists() and not (ROOT / room / "__init__.py").exists()]
    assert not missing, f"no __init__.py in {missing}; import-linter does not see such a room"


def test_the_bootstrap_scripts_can_be_executed() -> None:
    for name in ("yipiao", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, name


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Package → its version and how many hashes it has."""
    blocks = re.split(r"\n(?=\S)", read(LOCKS / f"{name}.txt"))
    rows = [(re.match(r"([A-Za-z0-9._-]+)==(\S+)", block), block.count("--hash=sha256:")) for block in blocks]
    return {match[1]: (match[2], hashes) for match, hashes in rows if match}


def test_every_locked_package_has_a_version_and_hashes() -> None:
    for name in ("run", "test"):
        packages = locked(name)
        assert packages and all(hashes for _, hashes in packages.values()), name


def test_both_lock_files_agree() -> None:
    run, test = locked("run"), locked("test")
    assert {name: test.get(name) for name in run} == run


def named(name: str) -> set[str]:
    lines = read(LOCKS / f"{name}.in").splitlines()
    return {canonical(re.split(r"[\[<>=]", line)[0]) for line in lines if line and line[0] not in "#-"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def undeclared(paths: list[Path], declared: set[str]) -> list[str]:
    """Imports of libraries that only came along with others."""
    owners = packages_distributions()
    wrong = []
    for path in paths:
        for found in imports(path, read(path)):
            owned = {canonical(owner) for owner in owners.get(found.target.split(".")[0], [])}
            if owned and not owned & declared:
                wrong.append(f"{path}:{found.line} {found.target} is not named in {LOCKS}/*.in")
    return wrong


def test_rooms_import_only_libraries_that_are_declared() -> None:
    declared = named("run") | FLASKS_OWN
    wrong = undeclared(python_files(*ROOMS), declared)
    assert not wrong, "\n".join(wrong)
    assert undeclared(python_files(*ROOMS), declared - {"cbor2"}), "the check sees nothing"


# Used without an import: the time zones of the standard library, SQLAlchemy's driver, zxing-cpp's pictures.
USED_SILENTLY = {"tzdata", "psycopg", "pillow"}


def test_no_library_is_declared_that_nobody_imports() -> None:
    owners = packages_distributions()
    paths = python_files(*ROOMS, "tests/demo", "tests/bench")
    names = {found.target.split(".")[0] for path in paths for found in imports(path, read(path))}
    used = {canonical(owner) for name in names for owner in owners.get(name, [])}
    assert named("run") - used - USED_SILENTLY == set()


def reached(paths: list[Path]) -> list[Path]:
    """The files, and every file under tests/ that they import, and so on."""
    found, waiting = set[Path](), list(paths)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            names = [name.target.split(".") for name in imports(path, read(path)) if name.target.startswith("tests.")]
            near = [Path(*parts).with_suffix(".py") for name in names for parts in (name, name[:-1])]
            waiting += [other for other in near if (ROOT / other).is_file()]
    return sorted(found)


def test_the_demo_and_the_benchmarks_need_no_test_library() -> None:
    programs = [path for path in python_files("tests/demo", "tests/bench") if not path.name.startswith("test_")]
    paths = reached(programs)
    wrong = undeclared(paths, named("run") | FLASKS_OWN)
    assert not wrong, "\n".join(wrong)


def test_a_test_library_is_seen_however_far_away() -> None:
    assert undeclared(reached([Path("tests/conftest.py")]), named("run"))


def test_the_project_file_reads() -> None:
    assert tomllib.loads(read(Path("pyproject.toml")))["project"]["name"] == "yipiao"
