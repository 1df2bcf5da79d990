"""The floors hold, and each contract that guards them can fail: one violation per contract is planted in a copy of the source.

A contract without a plant, or a plant without a contract, fails too.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "pyproject.toml"

# contract id -> planted files under src/markaz, each with an import against the contract
PLANTS: dict[str, dict[str, str]] = {
    "floors": {
        "kit/planted.py": "markaz.core.settings",
        "core/planted.py": "markaz.contracts",
        "contracts/planted.py": "markaz.analytics",
        "analytics/planted.py": "markaz.programmes",
        "programmes/incidents/planted.py": "markaz.web",
        "web/planted.py": "markaz.demo",
        "demo/planted.py": "markaz.cli",
    },
    "programmes": {
        "programmes/planted/__init__.py": "markaz.programmes.incidents",
    },
    "rooms": {
        "programmes/incidents/alarms/planted.py": "markaz.programmes.incidents.crews",
        "programmes/incidents/briefing/planted.py": "markaz.programmes.incidents.alarms",
        "programmes/incidents/calls/planted.py": "markaz.programmes.incidents.contents",
        "programmes/incidents/contents/planted.py": "markaz.programmes.incidents.calls",
        "programmes/incidents/crews/planted.py": "markaz.programmes.incidents.dispatch",
        "programmes/incidents/dispatch/planted.py": "markaz.programmes.incidents.field",
        "programmes/incidents/field/planted.py": "markaz.programmes.incidents.briefing",
        "programmes/incidents/imports/planted.py": "markaz.programmes.incidents.dispatch",
    },
    "oversight_rooms": {
        "programmes/oversight/appointments/planted.py": "markaz.programmes.oversight.packs",
        "programmes/oversight/packs/planted.py": "markaz.programmes.oversight.register",
        "programmes/oversight/register/planted.py": "markaz.programmes.oversight.retention",
        "programmes/oversight/retention/planted.py": "markaz.programmes.oversight.reviews",
        "programmes/oversight/reviews/planted.py": "markaz.programmes.oversight.rights",
        "programmes/oversight/rights/planted.py": "markaz.programmes.oversight.appointments",
    },
    "pure": {
        "programmes/planted/domain.py": "asyncpg",
        "contracts/planted.py": "sqlalchemy",
        "kit/planted.py": "httpx",
    },
    "fastapi": {
        "programmes/planted/service.py": "fastapi",
        "core/planted.py": "starlette",
        "cli/planted.py": "fastapi",
    },
    "asyncpg": {
        "programmes/planted/service.py": "asyncpg",
        "programmes/planted/routes.py": "asyncpg",
        "web/planted.py": "asyncpg",
        "cli/planted.py": "asyncpg",
    },
    "cedarpy": {
        "programmes/planted/service.py": "cedarpy",
        "core/planted.py": "cedarpy",
        "web/planted.py": "cedarpy",
    },
    "sqlalchemy": {
        "programmes/planted/store.py": "sqlalchemy",
        "core/planted.py": "sqlalchemy",
        "cli/planted.py": "alembic",
    },
    "duckdb": {
        "programmes/planted/store.py": "duckdb",
        "core/planted.py": "duckdb",
        "web/planted.py": "duckdb",
    },
}


def _contracts() -> dict[str, dict[str, Any]]:
    with CONFIG.open("rb") as file:
        config = tomllib.load(file)
    return {contract["id"]: contract for contract in config["tool"]["importlinter"]["contracts"]}


def _lint(source: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the `markaz` package in `source`, as a process of its own: this one has markaz loaded already."""
    chosen = ["--contract", contract] if contract else []
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", CONFIG, "--no-cache", "--no-logo", *chosen],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _plant(source: Path, name: str, content: str) -> None:
    path = source / "markaz" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for package in (path.parent, path.parent.parent):
        if not (package / "__init__.py").exists():
            (package / "__init__.py").touch()
    path.write_text(content + "\n", encoding="utf-8")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the Python source that may be spoiled."""
    only_python = shutil.ignore_patterns("static", "__pycache__")
    shutil.copytree(ROOT / "src" / "markaz", tmp_path / "markaz", ignore=only_python)
    return tmp_path


def test_every_contract_has_a_planted_violation() -> None:
    assert sorted(PLANTS) == sorted(_contracts())


@pytest.mark.parametrize(("contract", "programme"), [("rooms", "incidents"), ("oversight_rooms", "oversight")])
def test_every_room_of_a_programme_is_held_apart_from_the_others(contract: str, programme: str) -> None:
    house = ROOT / "src" / "markaz" / "programmes" / programme
    rooms = {f"markaz.programmes.{programme}.{path.parent.name}" for path in house.glob("*/__init__.py")}
    assert set(_contracts()[contract]["modules"]) == rooms


def test_the_source_keeps_every_contract(source: Path) -> None:
    result = _lint(source)
    assert result.returncode == 0, result.stdout
    assert f"{len(PLANTS)} kept, 0 broken" in result.stdout


@pytest.mark.parametrize("contract", PLANTS)
def test_every_planted_violation_breaks_its_contract(source: Path, contract: str) -> None:
    for path, imported in PLANTS[contract].items():
        _plant(source, path, f"import {imported}")

    result = _lint(source, contract)

    assert result.returncode == 1, result.stdout
    for path, imported in PLANTS[contract].items():
        module = "markaz." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert f"{module} -> {imported} " in result.stdout, result.stdout


def test_domain_may_not_reach_a_driver_through_another_module(source: Path) -> None:
    _plant(source, "core/planted.py", "import asyncpg")
    _plant(source, "programmes/planted/domain.py", "import markaz.core.planted")

    result = _lint(source, "pure")

    assert result.returncode == 1, result.stdout
    assert "markaz.programmes.planted.domain -> markaz.core.planted" in result.stdout


def test_a_package_that_belongs_to_no_floor_is_refused(source: Path) -> None:
    _plant(source, "planted/__init__.py", "")
    result = _lint(source, "floors")
    assert result.returncode == 1, result.stdout
    assert "planted" in result.stdout
