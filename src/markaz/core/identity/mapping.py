"""Which claims of the organisation's identity provider give which role in which territory: a closed list, kept as TOML.

A claim that no rule names gives nothing. No rule gives an office (its holder is appointed by two people) or a service.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from markaz.core.permissions import OFFICES, Grant, Role

NEVER_MAPPED = OFFICES | {Role.IMPORTER, Role.UNIT_DEVICE}
RULES_MAX = 2_000  # 208 districts with a handful of roles each


class MappingBroken(ValueError):
    """The mapping file cannot be used; the message says which rule and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Whoever has `value` in `claim` holds `role` in the territory with this code."""

    claim: str
    value: str
    role: Role
    territory: str


@dataclass(frozen=True, slots=True)
class ClaimMapping:
    """The rules, and which claims name a person. A dot in a claim goes one level down, as in `realm_access.roles`."""

    login_claim: str
    name_claim: str
    rules: tuple[Rule, ...]

    def grants(self, claims: Mapping[str, Any], find: Callable[[str], int | None]) -> tuple[Grant, ...]:
        """Return what these claims give; a territory that is not there gives nothing. `find` knows codes."""
        given = [
            Grant(rule.role, territory_id)
            for rule in self.rules
            if rule.value in _values(claims, rule.claim) and (territory_id := find(rule.territory)) is not None
        ]
        return tuple(dict.fromkeys(given))


def parse_mapping(text: str) -> ClaimMapping:
    """Return the mapping of a TOML text. Raises MappingBroken."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingBroken(f"the mapping is no TOML: {error}") from error
    rows = table.get("rule", [])
    unknown = set(table) - {"login_claim", "name_claim", "rule"}
    if unknown or not isinstance(rows, list) or len(rows) > RULES_MAX:
        raise MappingBroken(f"the mapping holds login_claim, name_claim and up to {RULES_MAX} [[rule]] tables")
    login_claim, name_claim = table.get("login_claim", "preferred_username"), table.get("name_claim", "name")
    if not isinstance(login_claim, str) or not isinstance(name_claim, str):
        raise MappingBroken("login_claim and name_claim are names of claims")
    return ClaimMapping(login_claim, name_claim, tuple(_rule(number, row) for number, row in enumerate(rows, 1)))


def claim_of(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its own name, or by its path through nested tables; None when there is none."""
    if name in claims:
        return claims[name]
    inner: Any = claims
    for part in name.split("."):
        inner = inner.get(part) if isinstance(inner, Mapping) else None
    return inner


def _values(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    value = claim_of(claims, name)
    values = value if isinstance(value, list) else [value]
    return frozenset(one for one in values if isinstance(one, str))


def _rule(number: int, row: Any) -> Rule:
    names = ("claim", "value", "role", "territory")
    if (
        not isinstance(row, dict)
        or set(row) != set(names)
        or not all(isinstance(row[n], str) and row[n] for n in names)
    ):
        raise MappingBroken(f"rule {number} needs claim, value, role and territory, each a word, and nothing else")
    try:
        role = Role(row["role"])
    except ValueError as error:
        raise MappingBroken(f"rule {number} names a role that is not there") from error
    if role in NEVER_MAPPED:
        raise MappingBroken(f"rule {number} gives {role.value}, which no identity provider may give")
    return Rule(row["claim"], row["value"], role, row["territory"])
