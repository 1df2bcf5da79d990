"""The licence check refuses what it must, and what we ship today passes it."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def check() -> ModuleType:
    """The script as a module; scripts/ is no package."""
    spec = importlib.util.spec_from_file_location("check_licences", ROOT / "scripts" / "check_licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "expression",
    ["MIT", "Apache-2.0 OR GPL-3.0-only", "BSD-3-Clause AND (MIT OR AGPL-3.0-only)", "MPL-2.0 AND (Apache-2.0 OR MIT)"],
)
def test_a_licence_that_can_be_fulfilled_is_allowed(check: ModuleType, expression: str) -> None:
    assert check.is_allowed(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "GPL-3.0-only",
        "AGPL-3.0-or-later",
        "LGPL-2.1-only",
        "SSPL-1.0",
        "MIT AND GPL-2.0-only",
        "(MIT OR GPL-2.0-only) AND AGPL-3.0-only",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "none stated",
        "UNLICENSED",
        "SEE LICENSE IN LICENSE.txt",
        "(MIT",
        "MIT OR",
        "",
    ],
)
def test_any_other_licence_is_refused(check: ModuleType, expression: str) -> None:
    assert not check.is_allowed(expression)


def test_an_npm_package_that_states_no_licence_is_refused(check: ModuleType) -> None:
    lock = json.dumps({
        "packages": {
            "": {"name": "console"},
            "node_modules/silent": {"version": "1.0.0"},
            "node_modules/copyleft": {"version": "1.0.0", "license": "AGPL-3.0"},
            "node_modules/tool": {"version": "1.0.0", "license": "GPL-3.0", "dev": True},
            "node_modules/good": {"version": "1.0.0", "license": "MIT"},
        }
    })  # fmt: skip
    assert check.npm_failures(lock) == [("silent", "none stated"), ("copyleft", "AGPL-3.0")]


def test_a_python_package_that_is_not_installed_is_refused(check: ModuleType) -> None:
    failures = check.python_failures("no-such-package==1.0 \\\n    --hash=sha256:00\n")
    assert [name for name, _ in failures] == ["no-such-package"]


def test_what_we_ship_is_on_the_allow_list(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main() == 0, capsys.readouterr().err
