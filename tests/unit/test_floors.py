"""The floors hold, and each contract that guards them can fail: one violation per contract is planted in a copy of the source.

A contract without a plant, or a plant without a contract, fails too.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "pyproject.toml"

# contract id -> planted file under src/markaz, and what it imports against the contract
PLANTS: dict[str, list[tuple[str, str]]] = {
    "floors": [
        ("kit/planted.py", "import markaz.core.settings"),
        ("core/planted.py", "import markaz.contracts"),
        ("contracts/planted.py", "import markaz.programmes.incidents"),
        ("analytics/planted.py", "import markaz.programmes.incidents"),
        ("programmes/incidents/planted.py", "import markaz.web"),
        ("web/planted.py", "import markaz.demo"),
        ("demo/planted.py", "import markaz.cli"),
        ("planted/__init__.py", "'A package that belongs to no floor.'"),
    ],
    "programmes": [
        ("programmes/planted/__init__.py", "import markaz.programmes.incidents"),
    ],
    "pure": [
        ("programmes/planted/domain.py", "import asyncpg"),
        ("programmes/planted/domain.py", "import markaz.core.planted"),
        ("contracts/planted.py", "import sqlalchemy"),
        ("kit/planted.py", "import httpx"),
        ("kit/planted.py", "import pyarrow"),
    ],
    "fastapi": [
        ("programmes/planted/service.py", "import fastapi"),
        ("core/planted.py", "import starlette.requests"),
        ("cli/planted.py", "import fastapi"),
    ],
    "asyncpg": [
        ("programmes/planted/service.py", "import asyncpg"),
        ("programmes/planted/routes.py", "import asyncpg"),
        ("web/planted.py", "import asyncpg"),
        ("cli/planted.py", "import asyncpg"),
    ],
    "sqlalchemy": [
        ("programmes/planted/store.py", "import sqlalchemy"),
        ("core/planted.py", "import sqlalchemy"),
        ("cli/planted.py", "import alembic"),
    ],
    "duckdb": [
        ("programmes/planted/store.py", "import duckdb"),
        ("core/planted.py", "import duckdb"),
        ("web/planted.py", "import duckdb"),
    ],
}

# A plant that reaches a driver only through another module needs that module to be there.
HELPERS = {"core/planted.py": "import asyncpg"}


def _contracts() -> list[str]:
    with CONFIG.open("rb") as file:
        config = tomllib.load(file)
    return [contract["id"] for contract in config["tool"]["importlinter"]["contracts"]]


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


def _write(path: Path, content: str) -> None:
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


def test_the_source_keeps_every_contract(source: Path) -> None:
    result = _lint(source)
    assert result.returncode == 0, result.stdout
    assert f"{len(PLANTS)} kept, 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("contract", "path", "line"),
    [(contract, path, line) for contract, plants in PLANTS.items() for path, line in plants],
)
def test_a_planted_violation_breaks_its_contract(source: Path, contract: str, path: str, line: str) -> None:
    if "markaz.core.planted" in line:
        for helper, content in HELPERS.items():
            _write(source / "markaz" / helper, content)
    _write(source / "markaz" / path, line)

    result = _lint(source, contract)

    assert result.returncode == 1, result.stdout
    assert "BROKEN" in result.stdout
    assert re.search(r"markaz(\.\w+)*\.planted", result.stdout), result.stdout
