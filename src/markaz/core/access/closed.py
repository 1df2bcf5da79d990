"""What a rule may ask of a record: a closed set of forms, because each must mean the same in a query as in a decision.

Checked when the policies are loaded: whatever stands here compiles to SQL (`residual`), whatever does not is refused
before the first request. What names no record may use all of Cedar, since Cedar itself works it out before. It checks
form only; Cedar's own validator checks types against the schema.
"""

from collections.abc import Mapping
from typing import Any

from cedarpy import pst

from markaz.core.access.model import DataClass, RecordKind
from markaz.core.permissions import Role

SCALARS = frozenset({"record", "is_open", "recorded_at"})
SETS = frozenset({"within", "workers", "own", "colleagues", "shut_out", "line"})
ATTRIBUTES = SCALARS | SETS
_ENTITIES = frozenset(kind.entity for kind in RecordKind)
COMPARISONS = dict.fromkeys(("eq", "not_eq"), SCALARS) | dict.fromkeys(
    ("less", "less_eq", "greater", "greater_eq"), frozenset({"recorded_at"})
)


class PolicyFault(ValueError):
    """The policies as given must not be used: a form outside the closed set, a word missing, a type error."""


def check_clause(rule_id: str, clause: pst.Clause) -> frozenset[str]:
    """Return the attributes of the record that a condition asks. Raises PolicyFault outside the closed set."""
    if not isinstance(clause, pst.When):
        raise PolicyFault(f"{rule_id}: write `when`, not `unless`: a condition has words for what is missing")
    _check_words(rule_id, clause.expr)
    return _symbolic(rule_id, clause.expr)


def _symbolic(rule_id: str, expr: pst.Expr) -> frozenset[str]:
    """Check an expression that yields a truth value and may name the record."""
    if not _names_record(expr):
        return frozenset()
    match expr:
        case pst.BinaryOp(op="and" | "or", left=left, right=right):
            return _symbolic(rule_id, left) | _symbolic(rule_id, right)
        case pst.UnaryOp(op="not", arg=arg):
            return _symbolic(rule_id, arg)
        case pst.Is(base=pst.Var(name="resource"), entity_type=kind, in_expr=None) if str(kind) in _ENTITIES:
            return frozenset()
        case pst.GetAttr(base=pst.Var(name="resource"), attr="is_open"):
            return frozenset({"is_open"})
        case pst.BinaryOp(op=op, left=left, right=right) if op in COMPARISONS:
            return _one_side(rule_id, expr, left, right, COMPARISONS[op])
        case pst.BinaryOp(op="contains", left=left, right=right):
            return _contains(rule_id, expr, left, right)
        case pst.BinaryOp(op="contains_any", left=left, right=right):
            return _one_side(rule_id, expr, left, right, SETS)
    raise _refused(rule_id, expr)


def _one_side(
    rule_id: str, whole: pst.Expr, left: pst.Expr, right: pst.Expr, allowed: frozenset[str]
) -> frozenset[str]:
    """Check that one side is an attribute of the record and the other names no record."""
    for side, other in ((left, right), (right, left)):
        attribute = _attribute(side)
        if attribute in allowed and not _names_record(other):
            return frozenset({attribute})
    raise _refused(rule_id, whole)


def _contains(rule_id: str, whole: pst.Expr, holder: pst.Expr, item: pst.Expr) -> frozenset[str]:
    attribute = _attribute(holder)
    if attribute in SETS and not _names_record(item):
        return frozenset({attribute})
    attribute = _attribute(item)
    if attribute == "record" and not _names_record(holder):
        return frozenset({attribute})
    raise _refused(rule_id, whole)


def asked_of(name: str, node: Any) -> frozenset[str]:
    """Return the attributes that an expression asks of the principal or the context."""
    own: frozenset[str] = frozenset()
    if isinstance(node, pst.GetAttr | pst.HasAttr) and isinstance(node.base, pst.Var) and node.base.name == name:
        own = frozenset({node.attr} if isinstance(node, pst.GetAttr) else node.attrs[:1])
    return own.union(*(asked_of(name, child) for child in _children(node)))


def _attribute(expr: pst.Expr) -> str:
    """Return the attribute when this is `resource.attribute`, else nothing."""
    if isinstance(expr, pst.GetAttr) and expr.base == pst.Var("resource"):
        return expr.attr
    return ""


def _names_record(node: Any) -> bool:
    if node == pst.Var("resource"):
        return True
    return any(_names_record(child) for child in _children(node))


def _children(node: Any) -> tuple[Any, ...]:
    """Return what stands below a node of the syntax tree; nothing below a word or a number."""
    if isinstance(node, Mapping):
        return tuple(node.values())
    if isinstance(node, tuple):
        return node
    names = getattr(type(node), "__dataclass_fields__", {})
    return tuple(getattr(node, name) for name in names)


def _check_words(rule_id: str, node: Any) -> None:
    """Refuse a word that is no role and no class of data: a misspelt one would never match, and nobody would see it."""
    known: frozenset[str] | None = None
    if isinstance(node, pst.BinaryOp):
        sides = (node.left, node.right)
        if pst.GetAttr(pst.Var("principal"), "roles") in sides:
            known = frozenset(Role)
        elif pst.GetAttr(pst.Var("context"), "data_class") in sides:
            known = frozenset(DataClass)
        if known is not None and (strange := {word for side in sides for word in _words(side)} - known):
            raise PolicyFault(f"{rule_id}: there is no {', '.join(sorted(strange))}")
    for child in _children(node):
        _check_words(rule_id, child)


def _words(expr: pst.Expr) -> list[str]:
    if isinstance(expr, pst.Set):
        return [word for element in expr.elements for word in _words(element)]
    return [expr.value] if isinstance(expr, pst.StringLit) else []


def _refused(rule_id: str, expr: pst.Expr) -> PolicyFault:
    return PolicyFault(f"{rule_id}: this cannot be asked of a record in a query: {expr}")
