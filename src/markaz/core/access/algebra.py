"""Conditions in SQL as an algebra: what is the same twice is asked once, and what is certain is not asked.

Only laws that also hold for NULL in SQL's three values (idempotence, absorption, distribution) are used, so a shortened
condition yields what the long one would. It knows no access rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Condition"


Condition = Union[bool, str, All, Some, Not]  # noqa: UP007 - it names itself


def both(*conditions: Condition) -> Condition:
    """Return the conjunction."""
    parts = _once(one for condition in conditions for one in _conjuncts(condition))
    if False in parts:
        return False
    parts = tuple(one for one in parts if one is not True)
    return True if not parts else parts[0] if len(parts) == 1 else All(parts)


def either(*conditions: Condition) -> Condition:
    """Return the disjunction, with what all its parts share asked once: (a and x) or (a and y) is a and (x or y)."""
    parts = _once(
        one for condition in conditions for one in (condition.parts if isinstance(condition, Some) else (condition,))
    )
    if True in parts:
        return True
    parts = tuple(one for one in parts if one is not False)
    if len(parts) < 2:
        return parts[0] if parts else False
    split = [_conjuncts(part) for part in parts]
    shared = tuple(one for one in split[0] if all(one in other for other in split[1:]))
    if not shared:
        return Some(parts)
    return both(*shared, either(*(both(*(one for one in part if one not in shared)) for part in split)))


def negated(condition: Condition) -> Condition:
    """Return the negation."""
    if isinstance(condition, bool):
        return not condition
    return condition.part if isinstance(condition, Not) else Not(condition)


def text(condition: Condition) -> str:
    """Return the condition as SQL."""
    match condition:
        case bool():
            return "TRUE" if condition else "FALSE"
        case str():
            return condition
        case All(parts=parts):
            return "(" + " AND ".join(text(part) for part in parts) + ")"
        case Some(parts=parts):
            return "(" + " OR ".join(text(part) for part in parts) + ")"
        case Not(part=part):
            return f"NOT ({text(part)})"


def _conjuncts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, All) else (condition,)


def _once(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(dict.fromkeys(conditions))
