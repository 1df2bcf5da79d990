"""What is installed is what was locked: pinned on both sides, hashed, and free of any registry's address."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("run.lock", "dev.lock")


def _project() -> dict[str, list[Requirement]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    dev = project["optional-dependencies"]["dev"]
    return {"run": [Requirement(line) for line in project["dependencies"]], "dev": [Requirement(line) for line in dev]}


def _locked(name: str) -> dict[str, set[str]]:
    """Package name to versions: more than one where Python versions differ."""
    versions: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", line)
        if match:
            versions.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return versions


def test_every_dependency_is_pinned_on_both_sides() -> None:
    for requirement in [*_project()["run"], *_project()["dev"]]:
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators in ({"=="}, {">=", "<"}), str(requirement)


def test_fastapi_is_pinned_exactly() -> None:
    (fastapi,) = [requirement for requirement in _project()["run"] if requirement.name == "fastapi"]
    assert [specifier.operator for specifier in fastapi.specifier] == ["=="]


@pytest.mark.parametrize(("lock", "groups"), [("run.lock", ("run",)), ("dev.lock", ("run", "dev"))])
def test_the_lock_answers_pyproject(lock: str, groups: tuple[str, ...]) -> None:
    locked = _locked(lock)
    for group in groups:
        for requirement in _project()[group]:
            versions = locked.get(canonicalize_name(requirement.name), set())
            assert versions, f"{requirement} is not in {lock}: run make lock"
            assert all(requirement.specifier.contains(version) for version in versions), f"{requirement}: run make lock"


def test_both_locks_name_the_same_versions() -> None:
    run, dev = _locked("run.lock"), _locked("dev.lock")
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)
    without = [entry.split(" ")[0] for entry in entries if "--hash=sha256:" not in entry]
    assert without == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_python_locks_name_no_registry_and_no_path(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|index-url|find-links|@ ", text)


def test_the_npm_lock_names_no_registry_and_checks_every_package() -> None:
    packages = json.loads((ROOT / "console" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    installed = {path: entry for path, entry in packages.items() if path and not entry.get("link")}
    assert installed
    assert [path for path, entry in installed.items() if "resolved" in entry] == []
    assert [path for path, entry in installed.items() if "integrity" not in entry] == []


def test_console_dependencies_are_exact() -> None:
    package = json.loads((ROOT / "console" / "package.json").read_text(encoding="utf-8"))
    wanted = package.get("dependencies", {}) | package.get("devDependencies", {})
    assert [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
