"""What Markaz refuses to be: one planted violation for each refusal is found, and nothing of the kind is in the code."""

import ast
import json
import re
import tomllib
from dataclasses import replace
from enum import StrEnum
from functools import cache
from pathlib import Path

import pytest

from markaz.cli.dropped import Dropped
from markaz.contracts.incidents import AlarmKind, ClearReason, EnteredVia, Stage, UnitStatus
from markaz.core.errors import InvalidInput
from markaz.core.places.checking import COLUMNS, Reading
from markaz.core.refusals.guard import LIST_OF, Kind, Refusal, api_names, load_lists, problems, refused_by
from markaz.core.refusals.history import Holds, load_history_list, parse_history_list
from markaz.core.sealing import SEARCHABLE
from markaz.programmes.incidents.dispatch.commands import Withdrawn
from markaz.programmes.incidents.imports.mapping import CallColumns, MappingInvalid, UnitColumns, parse_mapping
from markaz.programmes.incidents.imports.rows import UNIT_STAGES

ROOT = Path(__file__).resolve().parents[2]
LISTS = load_lists()
HISTORY = load_history_list()
EVENT = re.compile(r"[a-z_]+\.[a-z_]+/[0-9]+")


@cache
def texts_in_code() -> frozenset[str]:
    """Every text constant of the source, migrations aside."""
    files = [p for p in (ROOT / "src/markaz").rglob("*.py") if "migrations" not in p.parts]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    return frozenset(
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def import_targets() -> list[str]:
    unit = [name for name in UnitColumns.__slots__ if name != "stages"]
    places = ["names" if field.startswith("name_") else field for field in COLUMNS]
    return [
        *(f"call.{name}" for name in CallColumns.__slots__),
        *(f"unit.{name}" for name in unit),
        *(f"unit.{stage}" for stage in UNIT_STAGES),
        *(f"place.{name}" for name in places),
    ]


@pytest.mark.parametrize("refusal", LISTS.refusals, ids=[r.id for r in LISTS.refusals])
def test_a_planted_violation_of_each_refusal_is_found(refusal: Refusal) -> None:
    kind, name = refusal.plant
    assert [found.refusal for found in problems(kind, [name], LISTS)] == [refusal.id]


@pytest.mark.parametrize("refusal", LISTS.refusals, ids=[r.id for r in LISTS.refusals])
def test_without_its_refusal_a_planted_violation_is_not_found_as_one(refusal: Refusal) -> None:
    """What finds it is the refusal itself, not only that the name is new: a name may be added to a closed list."""
    kind, name = refusal.plant
    closed = {of: names | {name} if of is kind else names for of, names in LISTS.closed.items()}
    without = replace(LISTS, refusals=tuple(one for one in LISTS.refusals if one is not refusal), closed=closed)
    assert problems(kind, [name], without) == []
    if kind not in LIST_OF:
        added = replace(LISTS, closed=closed)
        assert [found.refusal for found in problems(kind, [name], added)] == [refusal.id]


def test_the_threat_model_names_every_refusal() -> None:
    text = " ".join(
        (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8").split("## What Markaz refuses to be")[1].split()
    )
    assert [refusal.id for refusal in LISTS.refusals if refusal.says not in text] == []


def test_what_is_itself_a_closed_list_is_no_longer_than_the_refusal_says() -> None:
    assert LISTS.closed[Kind.PLAN_SUBJECT] == {"post", "staff", "territory"}
    assert LISTS.closed[Kind.SEARCH] == {"caller_phone"}


@pytest.mark.parametrize("refusal", LISTS.refusals, ids=[r.id for r in LISTS.refusals])
def test_each_refused_word_and_package_is_found_inside_longer_names(refusal: Refusal) -> None:
    for word in refusal.words:
        for name in ("_".join(word), f"first_{'_'.join(word)}_at", f"parties.{'_'.join(word)}"):
            assert refused_by(Kind.API, name, LISTS) is not None, name
        camel = "their" + "".join(part.title() for part in word)
        assert refused_by(Kind.API, camel, LISTS) is not None, camel
    for package in refusal.packages:
        assert refused_by(Kind.PACKAGE, package.replace("-", "_").title(), LISTS) is refusal


def test_a_word_is_not_found_inside_another_word() -> None:
    for name in ("trace", "traceparent", "risk_assessment_date", "ordinary", "coordinates", "intercepting_route_m"):
        assert refused_by(Kind.API, name, LISTS) is None, name


def test_nothing_in_the_closed_lists_is_refused() -> None:
    for kind, names in LISTS.closed.items():
        assert problems(kind, sorted(names), LISTS) == []


def test_every_event_type_in_the_code_stands_in_the_closed_list_and_the_other_way_round() -> None:
    used = {text for text in texts_in_code() if EVENT.fullmatch(text)}
    assert problems(Kind.EVENT, sorted(used), LISTS) == []
    assert LISTS.closed[Kind.EVENT] - used == set()


def test_every_event_type_is_decided_about_for_history_and_no_other() -> None:
    assert HISTORY.types == LISTS.closed[Kind.EVENT]


@pytest.mark.parametrize(
    ("type_", "fields", "found"),
    [
        ("incident.opened/1", ["view", "caller_name"], "history incident.opened/1.caller_name: not in the closed list"),
        ("incident.closed/1", ["religion"], "history incident.closed/1.religion: refused: protected_traits"),
        ("party.followed/1", ["to"], "history party.followed/1: not in the closed list"),
        ("incident.note_added/1", ["anything"], None),  # only counted: no field of it is looked at
    ],
)
def test_a_field_or_type_that_nobody_decided_about_is_found_before_it_gets_into_history(
    type_: str, fields: list[str], found: str | None
) -> None:
    said = [str(problem) for problem in problems(Kind.HISTORY, HISTORY.names_of(type_, fields), LISTS)]
    assert said == ([] if found is None else [found])


def test_no_column_of_history_is_refused_and_none_can_hold_text_or_a_place() -> None:
    assert problems(Kind.API, HISTORY.columns, LISTS) == []
    assert set(HISTORY.columns.values()) == set(Holds)
    assert {"lon", "lat", "number", "call_sign", "sealed_id", "actor_id"} & HISTORY.columns.keys() == set()


def test_the_codes_of_history_are_those_of_the_duty_desk() -> None:
    words_of: dict[str, list[StrEnum]] = {
        "stage": [*Stage],
        "status": [*UnitStatus],
        "entered_via": [*EnteredVia],
        "reason": [*ClearReason, *Withdrawn],
        "kind": [each for each in AlarmKind if each is not AlarmKind.BREAK_GLASS],
    }
    for column, words in words_of.items():
        assert HISTORY.values[column] == {word.value for word in words}, column


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('unit = "pseudonym"', 'unit = "text"'),
        ('outcome = "outcome" }', 'sentence = "outcome" }'),
        ('about = "unit"', 'about = "category"'),
        ('"unit.word_heard/1",', '"unit.word_heard/1", "incident.closed/1",'),
        ("stage = [", "stated_at = ["),
    ],
)
def test_a_list_of_history_that_contradicts_itself_is_not_loaded(old: str, new: str) -> None:
    assert old in HISTORY.text
    with pytest.raises((ValueError, KeyError)):
        parse_history_list(HISTORY.text.replace(old, new))


def test_imports_fill_only_what_the_closed_list_names() -> None:
    assert problems(Kind.IMPORT, import_targets(), LISTS) == []


def test_a_sealed_record_is_found_by_nothing_but_the_closed_list() -> None:
    assert LISTS.closed[Kind.SEARCH] == SEARCHABLE


def test_no_class_of_plan_subjects_names_more_than_the_closed_list() -> None:
    named = [
        name for path in (ROOT / "src/markaz").rglob("*.py") for name in plan_subjects(path.read_text(encoding="utf-8"))
    ]
    assert problems(Kind.PLAN_SUBJECT, named, LISTS) == []
    planted = (
        'class AssessmentPlanSubject(StrEnum):\n    POST = "post"\n    CALLER = "caller"\n\nclass Other: A = "x"\n'
    )
    assert plan_subjects(planted) == ["post", "caller"]
    assert [found.name for found in problems(Kind.PLAN_SUBJECT, plan_subjects(planted), LISTS)] == ["caller"]


def plan_subjects(source: str) -> list[str]:
    """Return the values of every class of a source that says by its name what a plan may be about."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return [
        str(ast.literal_eval(line.value))
        for one in classes
        if re.search(r"(Plan|Assessment)\w*Subject", one.name)
        for line in one.body
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)
    ]


def test_the_api_names_nothing_that_is_refused() -> None:
    document = json.loads((ROOT / "docs/reference/openapi.json").read_text(encoding="utf-8"))
    names = list(api_names(document))
    assert len(names) > 200
    assert problems(Kind.API, names, LISTS) == []
    planted = {"components": {"schemas": {"PartyBody": {"properties": {"ethnicity": {"type": "string"}}}}}}
    assert [p.refusal for p in problems(Kind.API, api_names(planted), LISTS)] == ["protected_traits"]


def test_no_code_table_offers_what_is_refused() -> None:
    for path in (ROOT / "src/markaz/core/profiles").glob("*.toml"):
        codes = re.findall(r'^(?:code|key) = "([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
        assert problems(Kind.API, codes, LISTS) == [], path.name


def test_no_package_that_does_what_is_refused_is_depended_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    npm = json.loads((ROOT / "console/package.json").read_text(encoding="utf-8"))
    names = [re.split(r"[\[<>=!~ ]", line)[0] for line in wanted] + list(npm["dependencies"])
    assert len(names) > 30
    assert problems(Kind.PACKAGE, names, LISTS) == []


def test_a_mapping_may_not_read_a_refused_column_under_another_name() -> None:
    text = (
        'source = "x"\ntime_zone = "Asia/Tashkent"\ncall_key = ["id"]\n[call]\nreceived = "at"\ncategory = "Millati"\n'
    )
    with pytest.raises(MappingInvalid, match="Millati") as refused:
        parse_mapping(text)
    assert "religion, belief, politics, ethnicity" in refused.value.message
    with pytest.raises(InvalidInput, match="religion"):
        Reading({"aliases": "religion_of_owner"})


def test_every_table_that_tells_of_a_person_says_when_that_ends_or_belongs_to_the_record() -> None:
    without = {name for name, table in LISTS.tables.items() if table.person and table.ends is None}
    assert without == RECORDS


# Their link to staff or place is the record of a duty done: who dispatched, who signed, where an incident was.
RECORDS = {
    "acknowledgements", "aid_requests", "alarms", "alerts", "disclosure_delays", "dispatch_decisions", "erasures", "events",
    "grants", "handovers", "incident_links", "incidents", "keys.sealed_keys", "misuse_rates", "places", "places_incoming", "sealed_blobs",
    "sealed_fields", "shut_out_accounts", "shut_out_posts", "summaries", "territory_boundaries", "two_person_requests", "unit_loans",
    "unit_logons", "units",
}  # fmt: skip


def test_what_an_import_does_not_read_is_dropped_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    left = Dropped(Reading({"name_en": "street"}).read())
    rows: list[dict[str, str]] = [{"key": "1", "street": "A", "owner": "Somebody"}, {"key": "2", "phone": "1"}]
    assert list(left.watch(rows, lambda row: row)) == rows
    left.tell()
    told = capsys.readouterr().err
    assert told == "2 columns were dropped, the import does not read them: owner, phone\n"
    assert "Somebody" not in told
