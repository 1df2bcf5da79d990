"""The Cedar engine: a question in Cedar's own words, and Cedar's answer in ours. The only module that asks it.

Each action on each kind of record has a policy set of its own, made once, so that a decision evaluates only rules that
can speak about it. A rule that fails to evaluate never lets anybody in: any error denies, since in plain Cedar a
prohibition that fails is passed over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import cedarpy
import orjson
from cedarpy import pst

from markaz.core.access.closed import ATTRIBUTES, asked_of
from markaz.core.access.model import Action, Context, DataClass, Question, RecordKind, Resource, Subject
from markaz.core.access.policies import Policies, Rule

Slice = tuple[Action, RecordKind]
CONTEXT = frozenset({"purpose", "glass"})  # what a question may leave out; time and data class are always there
SUBJECTS_KEPT = 512  # parsed once while they are at work: more than sit at the consoles of one process
_PRINCIPAL = 'Subject::"s"'  # no rule names anybody, so one name does for all
_ACTIONS = {action: f'Action::"{action.value}"' for action in Action}
_RESOURCES = {kind: f'{kind.entity}::"r"' for kind in RecordKind}


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What Cedar said: `rules` decided it; with `failed` some rule could not be evaluated, and nothing is allowed."""

    allowed: bool
    rules: tuple[str, ...]
    failed: bool


class CedarEngine:
    """Evaluates questions over one set of policies, in the process, without I/O."""

    def __init__(self, policies: Policies) -> None:
        slices = {(action, kind): policies.slice(action, kind) for action in Action for kind in RecordKind}
        self._sets = {
            key: policy_set(rule.template(rule.id, rule.clauses) for rule in rules) for key, rules in slices.items()
        }
        self._steps = {
            key: policy_set(
                rule.template(f"{rule.id}/{met}", rule.clauses[:met], as_permit=True)
                for rule in rules
                if rule.is_permit
                for met in range(1, len(rule.clauses) + 1)
            )
            for key, rules in slices.items()
        }
        # What no rule of a slice asks need not be written down and parsed for it.
        self._asked = {key: _asked(rules) for key, rules in slices.items()}

    def evaluate(self, question: Question) -> Evaluated:
        """Return Cedar's decision over the rules of this action and kind of record."""
        answer = self._ask(self._sets, question)
        diagnostics = answer.diagnostics
        failed = bool(diagnostics.errors)
        return Evaluated(answer.allowed and not failed, tuple(sorted(diagnostics.reasons)), failed)

    def met(self, question: Question) -> dict[str, int]:
        """Return for each permitting rule how many of its conditions hold, counted up to the first that does not."""
        answer = self._ask(self._steps, question)
        counts: dict[str, int] = {}
        for step in answer.diagnostics.reasons:
            rule_id, _, met = step.rpartition("/")
            counts[rule_id] = max(counts.get(rule_id, 0), int(met))
        return counts

    def partial(
        self, subject: Subject, action: Action, kind: RecordKind, data_class: DataClass, context: Context
    ) -> Any:
        """Return Cedar's partial answer with the record unknown: {decision, diagnostics, residuals} by rule id."""
        request = {
            "principal": _PRINCIPAL,
            "action": _ACTIONS[action],
            "resource": None,
            "context": why(data_class, context),
        }
        return cedarpy.is_authorized_partial(request, self._sets[action, kind], _entities(subject))

    def _ask(self, sets: Mapping[Slice, cedarpy.PolicySet], question: Question) -> cedarpy.AuthzResult:
        key = (question.action, question.resource.kind)
        of_record, of_context = self._asked[key]
        request = {
            "principal": _PRINCIPAL,
            "action": _ACTIONS[question.action],
            "resource": _RESOURCES[question.resource.kind],
            "context": why(question.data_class, question.context, of_context),
        }
        known = _entities(question.subject).with_added_json_str(record(question.resource, of_record))
        return cedarpy.is_authorized(request, sets[key], known)


def _asked(rules: Iterable[Rule]) -> tuple[frozenset[str], frozenset[str]]:
    """Return what these rules ask of a record and of the context."""
    of_record: set[str] = set()
    of_context: set[str] = set()
    for rule in rules:
        of_record |= rule.attributes
        of_context |= asked_of("context", rule.clauses)
    return frozenset(of_record), frozenset(of_context)


def policy_set(templates: Iterable[pst.Template]) -> cedarpy.PolicySet:
    """Return a parsed set of policies, known by the ids of the templates."""
    policies = {template.id: template for template in templates}
    return cedarpy.PolicySet.from_pst(pst.PolicySet(pst.FrozenMap(), pst.FrozenMap(policies), ()))


@lru_cache(maxsize=SUBJECTS_KEPT)
def _entities(subject: Subject) -> cedarpy.Entities:
    return cedarpy.Entities.from_json_str(person(subject))


def person(subject: Subject) -> str:
    """Return the subject as a Cedar entity."""
    attributes = {
        "account": subject.account,
        "roles": sorted(subject.roles),
        "desk": sorted(subject.desk),
        "supervision": sorted(subject.supervision),
        "oversight": sorted(subject.oversight),
    }
    return _entity("Subject", "s", attributes)


def record(resource: Resource, asked: frozenset[str] = ATTRIBUTES) -> str:
    """Return the record as a Cedar entity; what is not known is left out, so that asking it fails, which denies."""
    known = {}
    for name in asked:
        value = getattr(resource, name)
        if value is not None:
            known[name] = _plain(value)
    return _entity(resource.kind.entity, "r", known)


def _plain(value: UUID | bool | datetime | frozenset[int] | frozenset[UUID]) -> Any:
    if isinstance(value, datetime):
        return seconds(value)
    return list(value) if isinstance(value, frozenset) else value


def why(data_class: DataClass, context: Context, asked: frozenset[str] = CONTEXT) -> str:
    """Return the context of a question as Cedar wants it."""
    given: dict[str, Any] = {"now": seconds(context.now), "data_class": data_class}
    if "purpose" in asked and context.purpose is not None:
        purpose = context.purpose
        given["purpose"] = {
            "holder": purpose.holder,
            "basis_open": purpose.basis_open,
            "data_classes": list(purpose.data_classes),
            "territories": list(purpose.territories),
            "recorded_from": seconds(purpose.recorded_from),
            "recorded_to": seconds(purpose.recorded_to),
            "expires_at": seconds(purpose.expires_at),
            "any_record": purpose.records is None,
            "records": list(purpose.records or ()),
        }
    if "glass" in asked and context.glass is not None:
        glass = context.glass
        given["glass"] = {
            "holder": glass.holder,
            "record": glass.record,
            "expires_at": seconds(glass.expires_at),
        }
    return orjson.dumps(given, default=_id).decode()


def seconds(at: datetime) -> int:
    """Return whole seconds since 1970, rounded down."""
    return int(at.timestamp() // 1)


def _entity(kind: str, name: str, attributes: dict[str, Any]) -> str:
    entity = {"uid": {"type": kind, "id": name}, "attrs": attributes, "parents": []}
    return orjson.dumps([entity], default=_id).decode()


def _id(value: Any) -> str:
    """Write down an id of the database driver's own kind of UUID, which orjson does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be asked about")
