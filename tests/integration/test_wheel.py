"""The wheel of `make release` is opened: what a centre needs is inside, nothing else is, and it runs away from the checkout.

Skipped where the console is not built; `make test` builds it before the tests.
"""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "markaz"
STATIC = PACKAGE / "web" / "static"

# A .pth line would also run the checkout's own .pth; sys.path.append does not.
PROGRAM = """
import sys; sys.path.append({lent!r})
import json, pkgutil
from importlib.metadata import packages_distributions
from importlib.resources import files
import markaz, markaz.cli
for module in pkgutil.walk_packages(markaz.__path__, "markaz."):
    if not module.name.startswith("markaz.migrations"):
        __import__(module.name)
assert files("markaz").joinpath("web/static/index.html").is_file()
assert files("markaz").joinpath("migrations/versions/0001_spine.py").is_file()
owners = packages_distributions()
loaded = sorted({{name for module in sys.modules for name in owners.get(module.split(".")[0], [])}})
print(json.dumps({{"file": markaz.__file__, "loaded": loaded}}))
"""


def _run_lock() -> set[str]:
    lines = (ROOT / "requirements" / "run.lock").read_text(encoding="utf-8").splitlines()
    return {re.split(r"[=\[]", line)[0] for line in lines if re.match(r"[a-z0-9]", line)}


def _build(project: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the console is not built: make console")
    out = tmp_path_factory.mktemp("dist")
    result = _build(ROOT, out)
    assert result.returncode == 0, result.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_a_wheel_without_the_console_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        project.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    shutil.copytree(PACKAGE, project / "src" / "markaz", ignore=shutil.ignore_patterns("static", "__pycache__"))

    result = _build(project, tmp_path / "dist")

    assert result.returncode != 0
    assert "the console is not built: run `make release`" in result.stderr
    assert list(tmp_path.glob("dist/*.whl")) == []


def test_the_whole_console_is_inside(names: set[str]) -> None:
    built = {f"markaz/web/static/{file.relative_to(STATIC).as_posix()}" for file in STATIC.rglob("*") if file.is_file()}
    assert "markaz/web/static/index.html" in names
    assert built <= names


@pytest.mark.parametrize("folder", ["migrations", "core/profiles", "programmes/incidents/imports/mappings"])
def test_every_file_of_a_data_folder_is_inside(names: set[str], folder: str) -> None:
    source = [file for file in (PACKAGE / folder).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert source, f"src/markaz/{folder} holds nothing"
    assert {f"markaz/{file.relative_to(PACKAGE).as_posix()}" for file in source} <= names


def test_every_python_file_is_inside(names: set[str]) -> None:
    assert {f"markaz/{file.relative_to(PACKAGE).as_posix()}" for file in PACKAGE.rglob("*.py")} <= names


def test_nothing_else_is_inside(names: set[str]) -> None:
    strangers = [
        name
        for name in names
        if name.split("/")[0] not in ("markaz", f"markaz-{importlib.metadata.version('markaz')}.dist-info")
        or {"tests", "bench", "node_modules", "__pycache__", ".markaz"} & set(name.split("/"))
        or name.endswith((".parquet", ".csv", ".pmtiles", ".key", ".pem", ".env"))
    ]
    assert strangers == []


def test_the_licence_and_the_command_are_inside(wheel: Path, names: set[str]) -> None:
    info = f"markaz-{importlib.metadata.version('markaz')}.dist-info"
    assert f"{info}/licenses/LICENSE" in names
    with zipfile.ZipFile(wheel) as archive:
        assert "markaz = markaz.cli.main:main" in archive.read(f"{info}/entry_points.txt").decode()


def test_an_installed_wheel_runs_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """The dependencies are lent from this environment; markaz itself comes from the wheel, with its files."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=60)
    python = tmp_path / "venv" / "bin" / "python"
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel],
        check=True,
        timeout=120,
    )
    lent = next(path for path in sys.path if path.endswith("site-packages"))
    program = PROGRAM.format(lent=lent)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [python, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert Path(report["file"]).is_relative_to(tmp_path)
    loaded = {canonicalize_name(name) for name in report["loaded"]}
    assert loaded - {"markaz"} - _run_lock() == set(), "imported, but not in requirements/run.lock"
