"""The documents say what the code says: settings, dependencies, glossary, decisions, links and commands."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from markaz.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def _rows(page: str) -> list[list[str]]:
    """The cells of every table row of a page, without heads and rules."""
    lines = page.splitlines()
    rows = []
    for number, line in enumerate(lines):
        is_head = number + 1 < len(lines) and lines[number + 1].startswith("|---")
        if line.startswith("|") and not line.startswith("|---") and not is_head:
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


# --- Generated and mirrored pages


def _script(name: str) -> ModuleType:
    """A script as a module; scripts/ is no package. In this process, because a new one would take a second."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("generator", ["generate_settings_docs", "generate_openapi", "generate_policy_docs"])
def test_a_generated_page_is_what_the_code_says(generator: str) -> None:
    assert _script(generator).main(["--check"]) == 0, "run make docs"


def test_every_dependency_has_a_reason_and_every_reason_a_dependency() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    wanted = [Requirement(line).name for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]
    page = (DOCS / "reference" / "dependencies.md").read_text(encoding="utf-8")
    assert sorted(row[0] for row in _rows(page)) == sorted(wanted)
    assert [row[0] for row in _rows(page) if len(row[1]) < 10] == []


# --- The glossary

GLOSSARY = _rows((DOCS / "glossary.md").read_text(encoding="utf-8"))

# Words of the issue and the design that must be there.
NEEDED = {
    "call", "incident", "unit", "dispatch", "outcome", "territory", "dimension", "stage", "assignment", "correction",
    "snapshot", "stream", "sealing", "grant", "role", "position", "stale", "import", "replay", "mapping", "handover",
    "exposure", "shrinkage",
}  # fmt: skip

# Latin to Cyrillic, longest first. After a vowel or at the start of a word `e` is written э or `ye` as е.
DIGRAPHS = {
    "oʻ": "ў", "gʻ": "ғ", "sh": "ш", "ch": "ч", "yo": "ё", "yu": "ю", "ya": "я", "ye": "е", "ts": "ц",
}  # fmt: skip
LETTERS = dict(zip("abdefghijklmnopqrstuvxyzʼ", "абдефгҳижклмнопқрстувхйзъ", strict=True))
# Loan words keep the spelling they came with.
LOANS = {"ekspozitsiya": "экспозиция"}


def _cyrillic(latin: str) -> str:
    """Uzbek Latin in Uzbek Cyrillic, for the words a glossary needs."""
    return re.sub(r"[^\s()]+", lambda word: LOANS.get(word[0]) or _cyrillic_word(word[0]), latin)


def _cyrillic_word(word: str) -> str:
    written, at = "", 0
    while at < len(word):
        pair = word[at : at + 2]
        if word[at : at + 3] == "yoʻ":
            written, at = written + "йў", at + 3
        elif pair in DIGRAPHS:
            written, at = written + DIGRAPHS[pair], at + 2
        elif word[at] == "e" and at == 0:
            written, at = written + "э", at + 1
        else:
            written, at = written + LETTERS[word[at]], at + 1
    return written


def test_every_glossary_row_has_four_languages_and_a_meaning() -> None:
    assert len(GLOSSARY) >= len(NEEDED)
    assert [row[0] for row in GLOSSARY if len(row) != 5 or not all(row)] == []


def test_the_needed_words_are_in_the_glossary() -> None:
    assert NEEDED - {row[0] for row in GLOSSARY} == set()


@pytest.mark.parametrize("column", range(4), ids=["English", "Uzbek Latin", "Uzbek Cyrillic", "Russian"])
def test_one_word_per_idea(column: int) -> None:
    words = [row[column] for row in GLOSSARY]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize("row", GLOSSARY, ids=[row[0] for row in GLOSSARY])
def test_each_column_is_in_its_own_script(row: list[str]) -> None:
    english, latin, cyrillic, russian, _ = row
    assert re.fullmatch(r"[a-z ]+", english)
    assert re.fullmatch(r"[a-zʻʼ ]+", latin)
    assert re.fullmatch(r"[а-яёўқғҳ ]+", cyrillic)
    assert re.fullmatch(r"[а-яё ]+", russian)


@pytest.mark.parametrize("row", GLOSSARY, ids=[row[0] for row in GLOSSARY])
def test_both_uzbek_scripts_say_the_same(row: list[str]) -> None:
    assert _cyrillic(row[1]) == row[2]


# --- Decisions

DECISIONS = sorted((DOCS / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("path", DECISIONS, ids=[path.stem for path in DECISIONS])
def test_a_decision_is_one_page_with_three_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.stem[:4]}: ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 60


def test_the_decisions_are_numbered_without_a_hole_and_listed() -> None:
    assert [path.stem[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    index = (DOCS / "adr" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in DECISIONS if f"({path.name})" not in index] == []


# --- Links and commands


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_links_lead_to_files_that_are_here(path: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    local = [target.split("#")[0] for target in targets if not re.match(r"https?:|mailto:|#", target)]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_every_make_target_that_a_document_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        target
        for path in PAGES
        for target in re.findall(
            r"(?:^|`)make (?:[A-Z]+=\S+ )?([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert named - targets == set()


def test_every_markaz_command_that_a_document_names_exists() -> None:
    commands = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    named = {
        command
        for path in PAGES
        for command in re.findall(r"(?:^|`|/bin/)markaz ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named
    assert named - commands == set()


def test_every_phony_target_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (\S+)", makefile, re.MULTILINE)) - {"check-tools"}
    described = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert targets == described
