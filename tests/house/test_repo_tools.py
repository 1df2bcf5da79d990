"""Set-up refuses a machine that cannot carry Markaz, and says what to do; long steps show progress and hide noise."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK_TOOLS = ROOT / "scripts" / "check_tools.sh"
STEP = ROOT / "scripts" / "step.sh"

# What the check itself needs of a bare system.
SYSTEM_TOOLS = ("sh", "sed", "sort", "head", "cat")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder that is the whole PATH of a machine with fit tools; tests put others in their place."""
    for name in SYSTEM_TOOLS:
        (tmp_path / name).symlink_to(next(p for p in (Path("/bin") / name, Path("/usr/bin") / name) if p.exists()))
    _put(tmp_path, "node", "echo v20.19.0")
    _put(tmp_path, "npm", "echo 10.8.2")
    _put(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 0 ;; *"[:2]"*) echo 3.11 ;; *) echo 3.11.2 ;; esac')
    return tmp_path


def _put(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def _check(machine: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", CHECK_TOOLS], env={"PATH": str(machine)}, capture_output=True, text=True, timeout=20, check=False
    )


def test_a_fit_machine_is_let_through_in_silence(machine: Path) -> None:
    result = _check(machine)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.1.0", "v24.0.0", "v100.0.0"])
def test_a_newer_node_is_let_through(machine: Path, version: str) -> None:
    _put(machine, "node", f"echo {version}")
    assert _check(machine).returncode == 0


@pytest.mark.parametrize("version", ["v20.18.3", "v20.9.0", "v18.20.4", "v9.11.2", "v12.22.9"])
def test_an_older_node_is_refused_with_its_version_and_advice(machine: Path, version: str) -> None:
    _put(machine, "node", f"echo {version}")
    result = _check(machine)
    assert result.returncode == 1
    assert f"node is version {version[1:]}; 20.19 or newer is needed" in result.stderr
    assert "What to do: install Node.js 20.19 or newer" in result.stderr


@pytest.mark.parametrize("tool", ["node", "npm", "python3"])
def test_a_missing_tool_is_named(machine: Path, tool: str) -> None:
    (machine / tool).unlink()
    result = _check(machine)
    assert result.returncode == 1
    assert f"there is no {tool}" in result.stderr


def test_an_older_python_is_refused_with_its_version_and_advice(machine: Path) -> None:
    _put(machine, "python3", "echo 3.10.12")
    result = _check(machine)
    assert result.returncode == 1
    assert "python3 is version 3.10.12; 3.11 or newer is needed" in result.stderr
    assert "make PYTHON=" in result.stderr


def test_a_python_without_ensurepip_gets_the_name_of_the_package(machine: Path) -> None:
    _put(machine, "python3", 'case "$2" in *ensurepip*) exit 1 ;; *"[:2]"*) echo 3.12 ;; *) echo 3.12.3 ;; esac')
    result = _check(machine)
    assert result.returncode == 1
    assert "apt-get install python3.12-venv" in result.stderr


def test_every_trouble_is_told_at_once(machine: Path) -> None:
    (machine / "node").unlink()
    _put(machine, "python3", "echo 3.9.2")
    result = _check(machine)
    assert "there is no node" in result.stderr
    assert "python3 is version 3.9.2" in result.stderr


def _step(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([STEP, "Work", *command], capture_output=True, text=True, timeout=30, check=False)


def test_a_step_that_ends_well_says_so_and_hides_its_output() -> None:
    result = _step("sh", "-c", "echo noise; echo more noise >&2")
    assert result.returncode == 0
    assert "noise" not in result.stdout + result.stderr
    assert result.stdout.startswith("Work ...\nWork: done in ")


def test_a_step_that_fails_shows_its_whole_output_and_its_exit_code() -> None:
    result = _step("sh", "-c", "echo first; echo second >&2; exit 7")
    assert result.returncode == 7
    assert "first\nsecond\n" in result.stderr
    assert "Work: FAILED" in result.stderr


@pytest.mark.parametrize("path", [".ci/run", *(f"scripts/{p.name}" for p in sorted((ROOT / "scripts").glob("*.sh")))])
def test_a_shell_script_may_run_and_parses(path: str) -> None:
    shell = "bash" if path == ".ci/run" else "sh"
    assert (ROOT / path).stat().st_mode & 0o111
    subprocess.run([shell, "-n", ROOT / path], check=True, timeout=10)
