"""The policies are refused as a whole, when they are loaded, for anything that could mislead a decision or a query."""

import subprocess
from importlib import resources
from pathlib import Path

import cedarpy
import pytest
from tests.support.access import LAND, NOW, glass, person, purpose, question, resource

from markaz.core.access import cedar
from markaz.core.access.closed import ATTRIBUTES, PolicyFault
from markaz.core.access.columns import flag, membership, nobody, record, territory
from markaz.core.access.decision import Decider, decider
from markaz.core.access.model import ASKED, Action, Context, DataClass, RecordKind
from markaz.core.access.policies import Policies, check_asked, load, packaged, policy_hash
from markaz.core.permissions import Role
from markaz.core.territories.model import LANGUAGES

FOLDER = Path(str(resources.files("markaz.core.access").joinpath("policies")))
FILES = {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()}
NEEDS = "nobody_knows"
WORDS = "".join(f'"{language}" = "x"\n' for language in LANGUAGES)


def planted(rule: str, *, words: str = WORDS, needs: bool = True) -> Policies:
    """Load the packaged policies and one more rule, whose conditions have words."""
    text = f'@id("planted") {"@needs(" + chr(34) + NEEDS + chr(34) + ") " if needs else ""}{rule}'
    more = f"\n[rules.planted]\n{words}\n[conditions.{NEEDS}]\n{WORDS}"
    return load(FILES | {"planted.cedar": text, "words.toml": FILES["words.toml"] + more})


SCOPE = 'permit (principal, action == Action::"view", resource is Incident)'


def test_a_sound_rule_may_be_added() -> None:
    policies = planted(f"{SCOPE} when {{ resource.workers.containsAny([principal.account]) }};")
    assert len(policies.rules) == len(packaged().rules) + 1
    assert policies.hash != policy_hash()


@pytest.mark.parametrize(
    "condition",
    [
        'resource.record like "a*"',
        "resource.workers.containsAll([principal.account])",
        "resource.workers.isEmpty()",
        "resource.workers == [principal.account]",
        "resource == resource",
        'resource == Incident::"x"',
        "resource.recorded_at + 1 < context.now",
        "resource.recorded_at < resource.recorded_at",
        "resource.workers.containsAny(resource.own)",
        'if resource.is_open then true else resource.record == "x"',
        'context.data_class == "callers"',
        'principal.roles.contains("dispatchers")',
        'principal.roles.containsAny(["dispatcher", "boss"])',
        "[resource.record].contains(principal.account)",
        "{a: resource.record}.a == principal.account",
        "resource.colour == 1",
        "resource.record",
        "resource.record == 3",
        "context.purpose.basis_open",
        "context.data_class < 3",
    ],
)
def test_a_rule_outside_the_closed_set_is_refused_when_loaded(condition: str) -> None:
    with pytest.raises(PolicyFault):
        planted(f"{SCOPE} when {{ {condition} }};")


@pytest.mark.parametrize(
    "rule",
    [
        f"{SCOPE};",
        f"{SCOPE} unless {{ resource.is_open }};",
        f"{SCOPE} when {{ resource.is_open }} when {{ resource.is_open }};",
        'permit (principal == Subject::"s", action, resource) when { resource.is_open };',
        'permit (principal, action, resource == Incident::"r") when { resource.is_open };',
        "permit (principal == ?principal, action, resource) when { resource.is_open };",
        'permit (principal, action == Action::"see", resource) when { resource.is_open };',
        "permit (principal, action, resource) when {",
    ],
)
def test_a_rule_of_another_form_is_refused_when_loaded(rule: str) -> None:
    with pytest.raises(PolicyFault):
        planted(rule)


@pytest.mark.parametrize(
    "head",
    [
        'permit (principal, action == Action::"erase", resource is Paper)',
        'permit (principal, action in [Action::"view", Action::"correct"], resource is Draft)',
        'permit (principal, action == Action::"look_up", resource)',
        "permit (principal, action, resource is Incident)",
        'forbid (principal, action == Action::"review", resource is Incident)',
    ],
)
def test_a_rule_about_what_nobody_asks_is_not_in_force(head: str) -> None:
    check_asked(packaged())
    with pytest.raises(PolicyFault, match=r"planted: speaks of what nobody asks"):
        check_asked(planted(f"{head} when {{ principal.desk.contains(1) }};"))


def test_the_port_answers_no_question_outside_the_list() -> None:
    for action in Action:
        for kind in RecordKind:
            asked = question(person(Role.DISPATCHER), action, of=resource(kind))
            if (action, kind) in ASKED:
                decider().decide(asked)
                continue
            with pytest.raises(PolicyFault, match="not in the list"):
                decider().decide(asked)
            with pytest.raises(PolicyFault, match="not in the list"):
                decider().listing(kind, [action], COLUMNS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rule_without_words_in_one_language_is_refused(language: str) -> None:
    lacking = "".join(f'"{one}" = "x"\n' for one in LANGUAGES if one != language)
    for words in (lacking, f'{lacking}"{language}" = " "\n'):
        with pytest.raises(PolicyFault, match="planted"):
            planted(f"{SCOPE} when {{ resource.is_open }};", words=words)


def test_a_permitting_rule_names_each_of_its_conditions() -> None:
    with pytest.raises(PolicyFault, match="@needs"):
        planted(f"{SCOPE} when {{ resource.is_open }};", needs=False)


def test_two_rules_of_one_name_and_words_of_no_rule_are_refused() -> None:
    twice = FILES["never.cedar"] + FILES["never.cedar"]
    with pytest.raises(PolicyFault, match="one @id"):
        load(FILES | {"never.cedar": twice})
    with pytest.raises(PolicyFault, match="words of no rule"):
        load(FILES | {"words.toml": f"{FILES['words.toml']}\n[rules.left-over]\n{WORDS}"})


def test_the_words_are_written_as_their_language_is() -> None:
    policies = packaged()
    texts = [rule.words for rule in policies.rules] + [*policies.conditions.values(), *policies.answers.values()]
    for words in texts:
        assert not set("'’‘`") & set(words["uz-Latn"]), words["uz-Latn"]  # ʻ and ʼ are letters there
        for language in ("uz-Cyrl", "ru"):
            assert not any("a" <= letter <= "z" for letter in words[language].lower()), words[language]
        assert len(set(words.values())) == len(LANGUAGES)


def test_anybody_can_work_out_the_hash() -> None:
    command = "cat access.cedarschema *.cedar | sha256sum"
    result = subprocess.run(["sh", "-c", command], cwd=FOLDER, capture_output=True, text=True, check=True)
    assert result.stdout.split()[0] == policy_hash() == decider().policy_hash


def test_what_is_asked_of_the_engine_is_what_the_schema_says() -> None:
    schema = packaged().schema
    everything = Context(NOW, purpose(), glass())
    for kind in RecordKind:
        for context in (everything, Context(NOW)):
            request = {
                "principal": 'Subject::"s"',
                "action": 'Action::"view"',
                "resource": f'{kind.entity}::"r"',
                "context": cedar.why(DataClass.CALLER, context),
            }
            entities = cedarpy.Entities.from_json_str(cedar.person(person(Role.SUPERVISOR)), schema)
            entities = entities.with_added_json_str(cedar.record(resource(kind)), schema)
            answer = cedarpy.is_authorized(request, cedarpy.PolicySet.from_str(""), entities, schema)
            assert answer.diagnostics.errors == []


def test_every_action_and_kind_of_the_schema_is_one_of_ours() -> None:
    schema = packaged().schema
    assert all(f'"{action}"' in schema for action in Action)
    assert all(kind.entity in schema for kind in RecordKind)
    assert all(f'"{attribute}"' in schema for attribute in ATTRIBUTES)


# --- the columns of a query ---

COLUMNS = {
    "record": record("i.id"),
    "is_open": flag("i.status = 'open'"),
    "within": territory("i.territory_id"),
    "workers": membership("i.owner_id = ANY({values})"),
    "line": nobody(),
}


def test_a_query_without_a_column_that_a_rule_asks_is_refused_while_wiring() -> None:
    ours: Decider = decider()
    with pytest.raises(PolicyFault, match="colleagues, own, recorded_at, shut_out"):
        ours.listing(RecordKind.INCIDENT, [Action.VIEW], COLUMNS)
    with pytest.raises(PolicyFault, match="cannot be held"):
        ours.listing(RecordKind.ENTRY, [Action.VIEW], COLUMNS | {"within": flag("true")})
    with pytest.raises(PolicyFault, match="values"):
        membership("i.owner_id = $1")


def test_a_listing_answers_without_a_query_where_nothing_can_be_seen() -> None:
    listing = decider().listing(RecordKind.ENTRY, [Action.VIEW, Action.REVIEW], COLUMNS)
    where = listing.where(person(), Action.REVIEW, DataClass.CALLER, Context(NOW), LAND)
    assert (where.sql, where.parameters) == ("FALSE", ())
