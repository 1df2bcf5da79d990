"""The policies as data: read from files, checked as a whole, sliced by action and kind of record, known by their hash.

Reading them is all or nothing: a type error, a form outside the closed set, a missing word in any language, an unknown
role refuses every policy, and the centre does not start. Nothing here decides.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import cedarpy
from cedarpy import pst

from markaz.core.access.closed import PolicyFault, check_clause
from markaz.core.access.model import ASKED, Action, RecordKind
from markaz.core.territories.model import LANGUAGES

SCHEMA_FILE = "access.cedarschema"
WORDS_FILE = "words.toml"
POLICY_SUFFIX = ".cedar"

Words = Mapping[str, str]  # language (BCP 47) to text


@dataclass(frozen=True)
class Rule:
    """One policy: whom it lets or forbids, what it asks, and how it reads. `needs` names each of its conditions in turn."""

    id: str
    is_permit: bool
    actions: frozenset[Action]
    kinds: frozenset[RecordKind]
    clauses: tuple[pst.Clause, ...]
    needs: tuple[str, ...]
    attributes: frozenset[str]  # of the record, that its conditions ask
    words: Words

    def template(self, rule_id: str, clauses: tuple[pst.Clause, ...], *, as_permit: bool = False) -> pst.Template:
        """Return these conditions of the rule as a policy for every request: the slice has chosen action and kind."""
        anybody = pst.ScopeAny()
        effect: pst.Effect = "permit" if self.is_permit or as_permit else "forbid"
        return pst.Template(rule_id, effect, anybody, pst.ScopeAny(), anybody, clauses, pst.FrozenMap())


@dataclass(frozen=True)
class Policies:
    """All rules in force and the words of their conditions. `hash` is what checkpoints of the log carry."""

    rules: tuple[Rule, ...]
    conditions: Mapping[str, Words]
    answers: Mapping[str, Words]
    schema: str
    hash: str
    files: Mapping[str, str]  # as they were read, by name

    def slice(self, action: Action, kind: RecordKind) -> tuple[Rule, ...]:
        """Return the rules that can speak about an action on a kind of record."""
        return tuple(rule for rule in self.rules if action in rule.actions and kind in rule.kinds)


@lru_cache(maxsize=1)
def packaged() -> Policies:
    """Return the policies of this version, read once. Raises PolicyFault when they are not sound."""
    folder = resources.files("markaz.core.access").joinpath("policies")
    wanted = (POLICY_SUFFIX, SCHEMA_FILE, WORDS_FILE)
    found = load({file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(wanted)})
    check_asked(found)
    return found


def check_asked(policies: Policies) -> None:
    """Raise PolicyFault for a rule that speaks of what nobody asks: it would stand as in force and decide nothing.

    A prohibition may speak of every kind of record.
    """
    for rule in policies.rules:
        is_general = not rule.is_permit and rule.kinds == set(RecordKind)
        idle = {(action, kind) for action in rule.actions for kind in rule.kinds} - ASKED
        if idle and not is_general:
            words = ", ".join(sorted(f"{action.value} on {kind.value}" for action, kind in idle))
            raise PolicyFault(f"{rule.id}: speaks of what nobody asks ({words})")


def policy_hash() -> str:
    """Return the SHA-256 of the policies in force, in hexadecimal."""
    return packaged().hash


def load(files: Mapping[str, str]) -> Policies:
    """Return the policies of a folder, by file name. Raises PolicyFault when any of it is not sound."""
    schema = files[SCHEMA_FILE]
    names = sorted(name for name in files if name.endswith(POLICY_SUFFIX))
    text = "".join(files[name] for name in names)
    _validate(text, schema)
    words = tomllib.loads(files[WORDS_FILE])
    conditions = {name: _in_every_language(name, row) for name, row in words["conditions"].items()}
    answers = {name: _in_every_language(name, row) for name, row in words["answers"].items()}
    rules = tuple(_rule(policy, words["rules"]) for policy in cedarpy.policies_to_pst(text).static_policies.values())
    _check_whole(rules, conditions, words["rules"])
    # As `cat access.cedarschema *.cedar | sha256sum` gives it, so that an outsider needs nothing of ours to check it.
    digest = hashlib.sha256((schema + text).encode()).hexdigest()
    return Policies(rules, conditions, answers, schema, digest, dict(files))


def _validate(text: str, schema: str) -> None:
    try:
        result = cedarpy.validate_policies(text, schema)
    except ValueError as error:
        raise PolicyFault(str(error)) from error
    if not result.validation_passed:
        raise PolicyFault("; ".join(str(error) for error in result.errors))
    if cedarpy.policies_to_pst(text).templates:
        raise PolicyFault("a rule with a slot to fill in cannot be read as it stands")


def _rule(policy: pst.Template, words: Mapping[str, Any]) -> Rule:
    rule_id = policy.annotations.get("id", "")
    if not rule_id or rule_id not in words:
        raise PolicyFault(f"rule {rule_id or policy.id}: wants an @id and its words")
    if not isinstance(policy.principal, pst.ScopeAny):
        raise PolicyFault(f"{rule_id}: names a principal; ask for a role instead")
    if not policy.clauses:
        raise PolicyFault(f"{rule_id}: a rule without a condition")
    is_permit = policy.effect == "permit"
    needs = tuple(name.strip() for name in policy.annotations.get("needs", "").split(",") if name.strip())
    if is_permit and len(needs) != len(policy.clauses):
        raise PolicyFault(f"{rule_id}: @needs names {len(needs)} of {len(policy.clauses)} conditions")
    return Rule(
        id=rule_id,
        is_permit=is_permit,
        actions=_actions(rule_id, policy.action),
        kinds=_kinds(rule_id, policy.resource),
        clauses=policy.clauses,
        needs=needs,
        attributes=frozenset().union(*(check_clause(rule_id, clause) for clause in policy.clauses)),
        words=_in_every_language(rule_id, words[rule_id]),
    )


def _actions(rule_id: str, scope: pst.ActionConstraint) -> frozenset[Action]:
    match scope:
        case pst.ScopeAny():
            return frozenset(Action)
        case pst.ActionEq(entity=entity):
            return frozenset({Action(entity.id)})
        case pst.ActionIn(entities=entities):
            return frozenset(Action(entity.id) for entity in entities)
    raise PolicyFault(f"{rule_id}: names its actions in a form that cannot be sliced")


def _kinds(rule_id: str, scope: pst.PrincipalOrResourceConstraint) -> frozenset[RecordKind]:
    match scope:
        case pst.ScopeAny():
            return frozenset(RecordKind)
        case pst.ScopeIs(entity_type=entity):
            return frozenset(kind for kind in RecordKind if kind.entity == str(entity))
    raise PolicyFault(f"{rule_id}: names single records; ask for a kind of record and its attributes")


def _in_every_language(name: str, row: Mapping[str, Any]) -> Words:
    if sorted(row) != sorted(LANGUAGES) or not all(isinstance(text, str) and text.strip() for text in row.values()):
        raise PolicyFault(f"{name}: wants its words in {', '.join(LANGUAGES)}, and in nothing else")
    return {language: row[language] for language in LANGUAGES}


def _check_whole(rules: tuple[Rule, ...], conditions: Mapping[str, Words], words: Mapping[str, Any]) -> None:
    ids = [rule.id for rule in rules]
    if len(set(ids)) != len(ids):
        raise PolicyFault("two rules have one @id")
    if left_over := set(words) - set(ids):
        raise PolicyFault(f"words of no rule: {', '.join(sorted(left_over))}")
    needed = {need for rule in rules for need in rule.needs}
    if needed != set(conditions):
        raise PolicyFault(f"conditions and their words differ: {', '.join(sorted(needed ^ set(conditions)))}")
