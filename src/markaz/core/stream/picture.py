"""What an event does to the picture a recipient holds. Pure: recorded events in, wire events out.

A picture is a map from (kind, id) to the state of an aggregate. An event type takes part only through a `PictureRule`;
without one it is sent to nobody. Territory decides: an aggregate that moves out of a recipient's scope leaves with a
contentless `left`, one that moves in arrives with its full state. The invariant, property-tested and shared with the
console through tests/vectors/stream: apply(filtered events, filtered snapshot) == filtered next snapshot.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from markaz.core.events import Recorded
from markaz.core.permissions import Actor, Hierarchy, Permission, scope
from markaz.kit.clock import iso


class Op(StrEnum):
    """What to do with the aggregate named by an event."""

    SET = "set"  # replace it by the value
    PATCH = "patch"  # RFC 7396 merge patch; ignored when the aggregate is not held
    GONE = "gone"  # drop it


Effect = tuple[Op, Mapping[str, Any] | None]
WireEvent = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PictureRule:
    """How one event type changes the picture, and which permission its recipients need.

    `effect` computes from the payload alone. The payload of an event that can change the territory holds the
    aggregate's full state under `view`, for those whom it enters.
    """

    kind: str
    permission: Permission
    effect: Callable[[Mapping[str, Any]], Effect]


Rules = Mapping[str, PictureRule]


@dataclass(frozen=True, slots=True)
class Audience:
    """All recipients who see the same: the roots under which each permission of the picture is held."""

    roots: frozenset[tuple[Permission, frozenset[int]]]

    @classmethod
    def of(cls, actor: Actor, permissions: frozenset[Permission]) -> "Audience":
        """Return the audience `actor` belongs to, for the permissions the rules ask for."""
        return cls(frozenset((p, actor.roots(p)) for p in permissions if actor.roots(p)))

    def scopes(self, hierarchy: Hierarchy) -> dict[Permission, frozenset[int]]:
        """Return the territories in which each permission is held."""
        return {permission: scope(roots, hierarchy) for permission, roots in self.roots}


def filtered(recorded: Recorded, rules: Rules, scopes: Mapping[Permission, frozenset[int]]) -> WireEvent | None:
    """Return what a recipient with `scopes` gets of this event, or None."""
    event = recorded.event
    rule = rules.get(event.type)
    if rule is None:
        return None
    seen = scopes.get(rule.permission, frozenset())
    is_in = event.territory_id in seen
    was_in = is_in if event.from_territory_id is None else event.from_territory_id in seen
    if not is_in and not was_in:
        return None
    wire: WireEvent = {"seq": recorded.seq, "type": event.type, "kind": rule.kind, "id": str(event.aggregate_id)}
    if not is_in:
        return {**wire, "type": "left", "op": Op.GONE.value}
    if was_in:
        op, value = rule.effect(event.payload)
    else:
        wire["type"] = "entered"
        op, value = Op.SET, event.payload["view"]
    return {
        **wire,
        "op": op.value,
        "value": value,
        "actor": str(event.actor_id),
        "occurred_at": iso(event.occurred_at),
        "recorded_at": iso(recorded.recorded_at),
    }


Picture = dict[str, dict[str, Any]]  # kind -> id -> state


def apply(picture: Picture, wire: WireEvent) -> None:
    """Apply one wire event to `picture` in place; the console does the same in TypeScript."""
    held = picture.setdefault(wire["kind"], {})
    match Op(wire["op"]):
        case Op.SET:
            held[wire["id"]] = wire["value"]
        case Op.PATCH:
            if wire["id"] in held:
                held[wire["id"]] = merge_patch(held[wire["id"]], wire["value"])
        case Op.GONE:
            held.pop(wire["id"], None)


def merge_patch(target: Any, patch: Any) -> Any:
    """Return `target` changed by a JSON merge patch (RFC 7396, section 2): null removes, objects merge, else replace."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result
