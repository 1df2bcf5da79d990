"""The register of processing activities, from what is in force. Pure: values in, JSON out.

It says per class of person data what is held, for what, on which ground, who can be let to see it and when it ends. What
the schedule or the deployment does not state reads null: an empty cell is a finding, not a silence.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markaz.core.permissions import PERSON_DATA, ROLE_PERMISSIONS, Role
from markaz.core.refusals.guard import Lists, Table
from markaz.core.retention import DataClass, Governance

JSON = dict[str, Any]
_SHOWN = ("sealed", "place", "staff", "secret")


def register_of(governance: Governance, lists: Lists, rules: Sequence[JSON], offices: Sequence[JSON]) -> JSON:
    """Return the register. `rules` are the access rules in words, `offices` who watches over use."""
    controller = governance.controller
    return {
        "schedule": governance.version,
        "controller": None
        if controller is None
        else {"name": controller.name, "address": controller.address, "contact": controller.contact},
        "impact_assessment": None
        if governance.assessed_on is None
        else {"date": governance.assessed_on.isoformat(), "reference": governance.assessment},
        "offices": list(offices),
        "backup_keys_days": governance.backup_keys_days,
        "classes": [_class(each, lists.tables) for each in governance.classes],
        "seen_by": sorted(role.value for role in Role if not ROLE_PERMISSIONS[role].isdisjoint(PERSON_DATA)),
        "rules": list(rules),
        "refusals": [{"id": one.id, "says": one.says} for one in lists.refusals],
    }


def _class(each: DataClass, tables: Mapping[str, Table]) -> JSON:
    return {
        "id": each.id,
        "names": dict(each.names),
        "purpose": dict(each.purpose),
        "legal_ground": each.legal_ground,
        "review_on": None if each.review_on is None else each.review_on.isoformat(),
        "ends_after_days": None if each.action == "keep" else each.ends_after_days,
        "counted_from": each.counted_from,
        "action": each.action.value,
        "held": {name: _columns(tables[name]) for name in each.tables if name in tables},
    }


def _columns(table: Table) -> dict[str, list[str]]:
    found = {kind: [name for name, is_ in table.columns.items() if is_ == kind] for kind in _SHOWN}
    return {kind: names for kind, names in found.items() if names}
