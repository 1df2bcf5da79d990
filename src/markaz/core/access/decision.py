"""The port of access: ask whether somebody may look, and why or why not, in words.

`Decider` is made once and asked from anywhere; it does no I/O, keeps nothing of a person but ids, and never guesses:
what no rule allows, what a rule forbids and what cannot be worked out are all refused. Ask about each class of data
that an answer would show; a read shows what was allowed and leaves an entry of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from markaz.core.access.cedar import CedarEngine
from markaz.core.access.closed import PolicyFault
from markaz.core.access.columns import Column
from markaz.core.access.model import ASKED, Action, Question, RecordKind
from markaz.core.access.policies import Policies, Rule, Words, packaged
from markaz.core.access.residual import Listing

DECISIONS_KEPT = 4096  # the same question within one second: the parts of one page
PURPOSE = "purpose"  # a condition about the purpose is called this, or this and an underscore


class Ground(StrEnum):
    """What a decision rests on."""

    RULE = "rule"
    NO_RULE = "no_rule"
    UNKNOWN = "unknown"  # a rule asked what is not known


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `policy_ids` are the rules that decided, none when nothing allows it; `texts` how the ground reads."""

    allowed: bool
    ground: Ground
    policy_ids: tuple[str, ...]
    texts: tuple[Words, ...]

    def words(self, language: str) -> tuple[str, ...]:
        """Return what decided, as sentences in that language (BCP 47). Raises KeyError for a language we do not speak."""
        return tuple(text[language] for text in self.texts)


@dataclass(frozen=True, slots=True)
class Missing:
    """A rule that would have allowed it, and the first of its conditions that does not hold."""

    rule: Rule
    condition: str
    text: Words
    met: int  # of its conditions, before this one


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one may or may not: the decision and, when nothing allowed it, what was missing, the nearest rules first."""

    decision: Decision
    missing: tuple[Missing, ...]

    @property
    def nearest(self) -> tuple[Missing, ...]:
        """Return what was missing of the rules that came nearest, each condition once.

        Where no rule came near at all it is the condition on which most of them failed, such as a role in that territory.
        """
        most = max((one.met for one in self.missing), default=0)
        near = [one for one in self.missing if one.met == most]
        often = Counter(one.condition for one in near)
        least = 1 if most else max(often.values(), default=1)
        return tuple({one.condition: one for one in near if often[one.condition] >= least}.values())

    @property
    def asks_purpose(self) -> bool:
        """Say whether stating a purpose, or a better one, could open it: some rule lacks nothing before its purpose."""
        return any(one.condition.split("_")[0] == PURPOSE for one in self.missing)

    def words(self, language: str) -> tuple[str, ...]:
        """Return the answer as sentences: what decided, then what was missing."""
        return (*self.decision.words(language), *(one.text[language] for one in self.nearest))


class Decider:
    """Decides questions by the policies in force."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.engine = CedarEngine(policies)
        self._rules = {rule.id: rule for rule in policies.rules}
        self._kept = lru_cache(maxsize=DECISIONS_KEPT)(self._decide)

    @property
    def policy_hash(self) -> str:
        """Return the SHA-256 of the policies that decide here, in hexadecimal."""
        return self.policies.hash

    def decide(self, question: Question) -> Decision:
        """Return whether it is allowed, and by which rules. Raises PolicyFault for what is not in the list of what is asked."""
        if (question.action, question.resource.kind) not in ASKED:
            raise PolicyFault(f"{question.action} on {question.resource.kind} is not in the list of what is asked")
        # Rules count in whole seconds, so questions of one second are one question.
        now = question.context.now.replace(microsecond=0)
        return self._kept(replace(question, context=replace(question.context, now=now)))

    def explain(self, question: Question) -> Explanation:
        """Return the decision with what was missing where nothing allowed it."""
        decision = self.decide(question)
        if decision.ground is not Ground.NO_RULE:
            return Explanation(decision, ())
        met = self.engine.met(question)
        missing = [
            Missing(rule, rule.needs[count], self.policies.conditions[rule.needs[count]], count)
            for rule in self.policies.slice(question.action, question.resource.kind)
            if rule.is_permit and (count := met.get(rule.id, 0)) < len(rule.clauses)
        ]
        return Explanation(decision, tuple(sorted(missing, key=lambda one: -one.met)))

    def listing(self, kind: RecordKind, actions: Iterable[Action], columns: Mapping[str, Column]) -> Listing:
        """Return the same rules for a query; call it while wiring. Raises PolicyFault when a column is missing."""
        actions = tuple(actions)
        if idle := [action for action in actions if (action, kind) not in ASKED]:
            raise PolicyFault(f"{idle} on {kind} are not in the list of what is asked")
        return Listing(self.policies, self.engine, kind, actions, columns)

    def _decide(self, question: Question) -> Decision:
        found = self.engine.evaluate(question)
        if found.failed:
            return Decision(False, Ground.UNKNOWN, (), (self.policies.answers[Ground.UNKNOWN],))
        if not found.rules:
            return Decision(False, Ground.NO_RULE, (), (self.policies.answers[Ground.NO_RULE],))
        texts = tuple(self._rules[rule_id].words for rule_id in found.rules)
        return Decision(found.allowed, Ground.RULE, found.rules, texts)


@lru_cache(maxsize=1)
def decider() -> Decider:
    """Return the decider of this version's policies, made once."""
    return Decider(packaged())
