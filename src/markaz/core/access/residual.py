"""The list form of a decision: what Cedar leaves of the rules when the record is unknown, as one SQL condition.

Each expression becomes two: what it yields, and whether it fails (asks a NULL). A row is allowed when some permitting
rule holds, no prohibiting one does and none fails: the very rule of the single decision. Policies are checked when they
are loaded (`closed`), columns when a `Listing` is made; a form that slipped through both would let no row pass.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from markaz.core.access.algebra import Condition, both, either, negated, text
from markaz.core.access.cedar import CedarEngine
from markaz.core.access.closed import PolicyFault
from markaz.core.access.columns import VALUES, Column, Form, check_form
from markaz.core.access.model import Action, Context, DataClass, Land, RecordKind, Subject
from markaz.core.access.policies import Policies

Node = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Times are compared as PostgreSQL holds them; these are the first and last whole seconds that Python holds, too.
_LEAST_S, _MOST_S = -62_135_596_800, 253_402_300_798
_MARK = re.compile(r"\0(\d+)\0")  # a parameter before its number is known: no SQL text holds a zero byte
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


@dataclass(frozen=True, slots=True)
class Where:
    """A condition that is never NULL, and its parameters in order."""

    sql: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """An expression in SQL: what it yields where it does not fail, and whether it fails."""

    value: Condition
    fails: Condition = False


FAILED = Truth(False, True)


class Listing:
    """The decision over one query: made once with its columns, asked for each request."""

    def __init__(
        self,
        policies: Policies,
        engine: CedarEngine,
        kind: RecordKind,
        actions: Iterable[Action],
        columns: Mapping[str, Column],
    ) -> None:
        self._engine = engine
        self.kind = kind
        self._columns = dict(columns)
        self._rules = {action: {rule.id: rule for rule in policies.slice(action, kind)} for action in actions}
        asked = {name for rules in self._rules.values() for rule in rules.values() for name in rule.attributes}
        if unmapped := asked - set(columns):
            raise PolicyFault(f"the query of {kind} holds no column for {', '.join(sorted(unmapped))}")
        for attribute, column in columns.items():
            check_form(attribute, column)

    def where(
        self,
        subject: Subject,
        action: Action,
        data_class: DataClass,
        context: Context,
        land: Land,
        *,
        first: int = 1,
    ) -> Where:
        """Return which rows are allowed; parameters are numbered from `first`. Raises KeyError for another action."""
        rules = self._rules[action]
        answer = self._engine.partial(subject, action, self.kind, data_class, context)
        residuals = answer.residuals
        if answer.diagnostics.errors or set(residuals) != set(rules):
            return Where("FALSE", ())
        query = _Query(self.kind, self._columns, land)
        permits: Condition = False
        refused: Condition = False
        for rule_id in sorted(residuals):
            truth = query.conditions(residuals[rule_id]["conditions"])
            refused = either(refused, truth.fails)
            if rules[rule_id].is_permit:
                permits = either(permits, truth.value)
            else:
                refused = either(refused, truth.value)
        return query.where(text(both(permits, negated(refused))), first)


@dataclass
class _Query:
    """One translation under way."""

    kind: RecordKind
    columns: Mapping[str, Column]
    land: Land
    parameters: list[Any] = field(default_factory=list)
    areas: dict[frozenset[int], list[int]] = field(default_factory=dict)

    def where(self, sql: str, first: int) -> Where:
        """Return the condition with the parameters that are left in it, numbered from `first`."""
        used: dict[int, int] = {}

        def numbered(mark: re.Match[str]) -> str:
            return f"${first + used.setdefault(int(mark[1]), len(used))}"

        return Where(_MARK.sub(numbered, sql), tuple(self.parameters[number] for number in used))

    def conditions(self, given: Iterable[Node]) -> Truth:
        """Return all conditions of a rule together."""
        whole = Truth(True)
        for condition in given:
            one = self.truth(condition["body"]) if condition["kind"] == "when" else FAILED
            whole = Truth(both(whole.value, one.value), either(whole.fails, both(whole.value, one.fails)))
        return whole

    def truth(self, node: Node) -> Truth:
        """Return one expression. What is outside the closed set, or failed in Cedar already, fails here."""
        ((name, parts),) = node.items()
        match name:
            case "Value" if isinstance(parts, bool):
                return Truth(parts)
            case "&&":
                left, right = self.truth(parts["left"]), self.truth(parts["right"])
                return Truth(both(left.value, right.value), either(left.fails, both(left.value, right.fails)))
            case "||":
                left, right = self.truth(parts["left"]), self.truth(parts["right"])
                return Truth(
                    either(left.value, right.value), either(left.fails, both(negated(left.value), right.fails))
                )
            case "!":
                inner = self.truth(parts["arg"])
                return Truth(negated(inner.value), inner.fails)
            case "!=":
                return self.truth({"!": {"arg": {"==": parts}}})
            case "is":
                return Truth(parts["entity_type"] == self.kind.entity)
            case ".":
                column = self._column(node)
                return FAILED if column is None or column.form is not Form.FLAG else _asked(column, column.sql)
            case "contains" | "containsAny":
                return self._membership(name, parts["left"], parts["right"])
            case "==" | "<" | "<=" | ">" | ">=":
                return self._comparison(name, parts["left"], parts["right"])
        return FAILED

    def _comparison(self, name: str, left: Node, right: Node) -> Truth:
        column, value = self._column(left), _known(right)
        if column is None:
            column, value, name = self._column(right), _known(left), _MIRRORED[name]
        if column is None or value is None or len(value) != 1:
            return FAILED
        if column.form is Form.MOMENT and isinstance(value[0], int):
            return _asked(column, self._at(name, column.sql, value[0]))
        if name == "==" and column.form is Form.RECORD:
            return _asked(column, self._any_of(column, value))
        if name == "==" and column.form is Form.FLAG and isinstance(value[0], bool):
            return _asked(column, column.sql if value[0] else negated(column.sql))
        return FAILED

    def _at(self, name: str, sql: str, second: int) -> Condition:
        """Compare a time with a whole second, the time rounded down: `t <= 5` is true up to 5.999."""
        before = {"<": second, ">=": second, "<=": second + 1, ">": second + 1}
        if name in before:
            sign = "<" if name in {"<", "<="} else ">="
            return f"{sql} {sign} {self._moment(before[name])}"
        return f"({sql} >= {self._moment(second)} AND {sql} < {self._moment(second + 1)})"

    def _membership(self, name: str, left: Node, right: Node) -> Truth:
        column, values = self._column(left), _known(right)
        if column is None:
            column, values = self._column(right), _known(left)
            if column is not None and name == "contains" and column.form is not Form.RECORD:
                return FAILED  # a set of sets
        if (
            column is None
            or values is None
            or (name == "contains" and column.form is not Form.RECORD and len(values) != 1)
        ):
            return FAILED
        ask: Callable[[Column, list[Any]], Condition] | None = {
            Form.RECORD: self._any_of,
            Form.TERRITORY: self._below,
            Form.MEMBERS: self._among,
            Form.MEMBERSHIP: self._exists,
            Form.NOBODY: lambda column, values: False,
        }.get(column.form)
        return FAILED if ask is None else _asked(column, ask(column, values))

    def _any_of(self, column: Column, values: list[Any]) -> Condition:
        ids = _uuids(values)
        return f"{column.sql} = ANY({self._parameter(ids, 'uuid[]')})" if ids else False

    def _below(self, column: Column, values: list[Any]) -> Condition:
        """Ask whether a territory lies below one of these: `within` holds the ids that stand now, so only they count."""
        tops = frozenset(one for one in values if self.land.current(one) == one)
        if tops not in self.areas:
            self.areas[tops] = sorted(frozenset().union(*(self.land.subtree(top) for top in tops)))
        ids = self.areas[tops]
        # A hashed lookup in every plan: `= ANY` of thousands is compared one by one as soon as a plan is kept.
        return f"({column.sql} IN (SELECT unnest({self._parameter(ids, 'int[]')}))) IS TRUE" if ids else False

    def _among(self, column: Column, values: list[Any]) -> Condition:
        ids = _uuids(values)
        return f"{column.sql} && {self._parameter(ids, 'uuid[]')}" if ids else False

    def _exists(self, column: Column, values: list[Any]) -> Condition:
        ids = _uuids(values)
        return column.sql.replace(VALUES, self._parameter(ids, "uuid[]")) if ids else False

    def _column(self, node: Node) -> Column | None:
        """Return the column when this is an attribute of the unknown record."""
        parts = node.get(".")
        if parts is None or parts["left"] != {"unknown": [{"Value": "resource"}]}:
            return None
        return self.columns.get(parts["attr"])

    def _moment(self, second: int) -> str:
        within = min(max(second, _LEAST_S), _MOST_S)
        return self._parameter(_EPOCH + timedelta(seconds=within), "timestamptz")

    def _parameter(self, value: Any, kind: str) -> str:
        number = next((at for at, one in enumerate(self.parameters) if one is value or one == value), None)
        if number is None:
            number = len(self.parameters)
            self.parameters.append(value)
        return f"\0{number}\0::{kind}"


def _known(node: Node) -> list[Any] | None:
    """Return the values of a known value or set; None for anything else: it names the record, or it failed."""
    if "Value" in node:
        return node["Value"] if isinstance(node["Value"], list) else [node["Value"]]
    elements = node.get("Set")
    if elements is None or not all("Value" in element for element in elements):
        return None
    return [element["Value"] for element in elements]


def _uuids(values: Iterable[Any]) -> list[UUID]:
    """Return what can be an id at all; another word equals none."""
    found = set()
    for value in values:
        try:
            one = UUID(value)
        except (ValueError, AttributeError, TypeError):
            continue
        if str(one) == value:
            found.add(one)
    return sorted(found)


def _asked(column: Column, value: Condition) -> Truth:
    return Truth(value, f"{column.sql} IS NULL" if column.nullable else False)
