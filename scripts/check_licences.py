"""Refuse a dependency whose licence does not fit Apache-2.0: every package of the run lock and the console's production tree.

An allow-list, not a deny-list: a licence nobody has read is refused, and so is a package that states none. It reads the
metadata of what is installed and must not ask any network. Exit 0 when all fit, 1 with one line per package that does not.
"""

import json
import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# SPDX ids. MPL-2.0 binds single files only: we change none of them. OFL-1.1 is for fonts: shipped, never renamed or sold.
ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "OFL-1.1",
    "PostgreSQL", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
})  # fmt: skip

# How packages without an SPDX expression say it.
SPOKEN = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

# Packages whose metadata is silent, read by a person once. Bound to the version that was read.
READ_BY_HAND = {
    "cedarpy@4.12.2": "Apache-2.0",  # the LICENSE file in its wheel
    "@mapbox/jsonlint-lines-primitives@2.0.2": "MIT",  # the next version, 2.0.3, states MIT for the same files
}

Failure = tuple[str, str]  # package, and the licence it states


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression can be fulfilled with allowed licences alone: all parts of AND, any part of OR.

    `WITH` exceptions are refused, since nobody has read them. Malformed expressions are refused.
    """
    tokens = re.findall(r"\(|\)|[^\s()]+", expression)
    try:
        verdict, rest = _parse_or(tokens)
    except IndexError:
        return False
    return verdict and not rest


def _parse_or(tokens: list[str]) -> tuple[bool, list[str]]:
    verdict, rest = _parse_and(tokens)
    while rest and rest[0].upper() == "OR":
        other, rest = _parse_and(rest[1:])
        verdict = verdict or other
    return verdict, rest


def _parse_and(tokens: list[str]) -> tuple[bool, list[str]]:
    verdict, rest = _parse_one(tokens)
    while rest and rest[0].upper() == "AND":
        other, rest = _parse_one(rest[1:])
        verdict = verdict and other
    return verdict, rest


def _parse_one(tokens: list[str]) -> tuple[bool, list[str]]:
    if tokens[0] == "(":
        verdict, rest = _parse_or(tokens[1:])
        return verdict and rest[0] == ")", rest[1:]
    return tokens[0] in ALLOWED, tokens[1:]


def locked_names(lock: str) -> list[str]:
    """Return the package names of a pip lock file that this platform installs at all."""
    lines = [line for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    return sorted({line.split("==")[0] for line in lines if "sys_platform == 'win32'" not in line})


def stated_licence(name: str) -> str:
    """Return what an installed Python package states: its SPDX expression, else its short text or classifiers as one.

    Raises PackageNotFoundError when the package is not installed.
    """
    stated = metadata(name).json
    read_by_hand = READ_BY_HAND.get(f"{name}@{stated['version']}", "none stated")
    expression = stated.get("license_expression")
    if expression:
        return str(expression)
    text = str(stated.get("license", "")).strip()
    if text and "\n" not in text:
        return SPOKEN.get(text, text)
    spoken = [c.rsplit(" :: ", 1)[1] for c in stated.get("classifier", []) if c.startswith("License :: ")]
    return " AND ".join(SPOKEN.get(words, words) for words in spoken) or read_by_hand


def python_failures(lock: str) -> list[Failure]:
    """Return the packages of a pip lock file that are not installed or whose licence is not allowed."""
    failures = []
    for name in locked_names(lock):
        try:
            licence = stated_licence(name)
        except PackageNotFoundError:
            failures.append((name, "not installed, so not read: run make setup"))
            continue
        if not is_allowed(licence):
            failures.append((name, licence))
    return failures


def npm_failures(package_lock: str) -> list[Failure]:
    """Return the production packages of an npm lock file (version 3) whose licence is not allowed."""
    failures = []
    for path, entry in json.loads(package_lock)["packages"].items():
        if path == "" or entry.get("dev", False):
            continue
        name = path.rsplit("node_modules/", 1)[1]
        licence = entry.get("license") or READ_BY_HAND.get(f"{name}@{entry['version']}", "none stated")
        if not is_allowed(licence):
            failures.append((name, licence))
    return failures


def main() -> int:
    """Check both trees, print what fails, return the exit code."""
    failures = python_failures((ROOT / "requirements" / "run.lock").read_text(encoding="utf-8"))
    package_lock = ROOT / "console" / "package-lock.json"
    if package_lock.exists():
        failures += npm_failures(package_lock.read_text(encoding="utf-8"))
    for name, licence in failures:
        print(f"{name}: licence not on the allow-list: {licence}", file=sys.stderr)
    if not failures:
        print("All licences of what we ship are on the allow-list.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
