"""House rules that no linter knows: short files and functions, a reason beside each wide net, no marks left behind."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "tests", "bench", "scripts", "console/src")
MAX_FILE_LINES = 400
MAX_TEST_FILE_LINES = 450  # a table of cases reads better whole
MAX_WITNESS_LINES = 800  # outsiders read it in one sitting and copy it whole: it cannot be split
MAX_FUNCTION_LINES = 70
GENERATED = {"schema.d.ts"}  # written by openapi-typescript
TEXTS = {"en.ts", "ru.ts", "uz-latn.ts", "uz-cyrl.ts"}  # one table of texts for each language reads better whole


def _files(*suffixes: str) -> list[Path]:
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in suffixes)
    return sorted(p for p in files if p.name not in GENERATED and not {"static", "node_modules"} & set(p.parts))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _tree(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in _tree(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{_name(path)}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_stay_short() -> None:
    lengths = {
        _name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in _files(".py", ".ts", ".tsx")
        if path.name not in TEXTS
    }
    limit = {name: MAX_TEST_FILE_LINES if name.startswith("tests/") else MAX_FILE_LINES for name in lengths}
    limit["src/markaz/witness.py"] = MAX_WITNESS_LINES
    assert {name: lines for name, lines in lengths.items() if lines >= limit[name]} == {}


def test_functions_stay_short() -> None:
    lengths = dict(function for path in _files(".py") for function in _functions(path))
    assert {name: lines for name, lines in lengths.items() if lines >= MAX_FUNCTION_LINES} == {}


def test_a_wide_except_says_why() -> None:
    wide = re.compile(r"^\s*except (Exception|BaseException)\b[^#]*$|^\s*except:[^#]*$")
    silent = []
    for path in _files(".py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            beside = lines[number - 1 : number] + lines[number + 1 : number + 2]
            if wide.match(line) and not any(other.strip().startswith("#") for other in beside):
                silent.append(f"{_name(path)}:{number + 1}")
    assert silent == []


def test_no_parameter_of_a_test_is_random() -> None:
    """Each test worker collects for itself: a name that differs from run to run stops all of them."""
    chance = re.compile(r"\b(uuid4|uuid7|random|token_hex|token_bytes|token_urlsafe)\b")
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in _tree(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    said = "\n".join(lines[decorator.lineno - 1 : decorator.end_lineno])
                    if "parametrize" in said and chance.search(said):
                        found.append(f"{_name(path)}: {node.name}")
    assert found == []


def test_no_mark_is_left_behind() -> None:
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    marked = [_name(path) for path in _files(".py", ".ts", ".tsx", ".css") if mark.search(path.read_text("utf-8"))]
    assert marked == []


# A form is its author's own words; a photo is shown on the card, which is marked.
UNMARKED = {"calls/drafts.py", "contents/attachments.py"}


def test_whatever_shows_a_look_hands_on_its_mark() -> None:
    desk = ROOT / "src" / "markaz" / "programmes" / "incidents"
    looks = {path for path in desk.rglob("*.py") if ".looking.look(" in path.read_text()}
    unmarked = {path.relative_to(desk).as_posix() for path in looks if ".mark(" not in path.read_text()}
    assert len(looks) > len(UNMARKED)
    assert unmarked == UNMARKED
