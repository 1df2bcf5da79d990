"""Asks the policies where an act is done rather than something shown: breaking the glass, judging a look, erasing.

The permission of the route is the first line and comes before; a refusal here says its rule. Looks are decided in
`looking`, which also knows purposes and broken glass.
"""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from markaz.core.access.decision import decider
from markaz.core.access.model import Action, Context, DataClass, Land, Question, RecordKind, Resource, Subject, within
from markaz.core.errors import Forbidden
from markaz.core.permissions import Actor, Hierarchy
from markaz.kit.ids import plain_id


class Tree(Hierarchy, Land, Protocol):
    """The territories, as permissions and as policies ask for them."""


def may_review(actor: Actor, entry_id: UUID, territory_id: int, tree: Tree, now: datetime, *, in_line: bool) -> bool:
    """Say whether the policies let an actor judge a look that was given to them. `in_line`: the viewer or under them."""
    return decider().decide(_review(actor, entry_id, territory_id, tree, now, in_line=in_line)).allowed


def require_review(
    actor: Actor, entry_id: UUID, territory_id: int, tree: Tree, now: datetime, *, in_line: bool
) -> None:
    """Do the same. Raises Forbidden, with the rule in words."""
    require_allowed(_review(actor, entry_id, territory_id, tree, now, in_line=in_line))


def require_erasure(actor: Actor, incident_id: UUID, territory_id: int, tree: Land, now: datetime) -> None:
    """Raise Forbidden, with the rule in words, unless the policies let an actor erase who is in an incident."""
    resource = Resource(RecordKind.INCIDENT, plain_id(incident_id), within(tree, territory_id))
    require_allowed(Question(Subject.of(actor, tree), Action.ERASE, DataClass.CALLER, resource, Context(now)))


def require_reading(actor: Actor, territory_id: int, tree: Land, now: datetime) -> None:
    """Raise Forbidden, with the rule in words, unless the policies let an actor read the entries of a territory's use."""
    resource = Resource(RecordKind.ENTRY, within=within(tree, territory_id))
    require_allowed(Question(Subject.of(actor, tree), Action.VIEW, DataClass.USE, resource, Context(now)))


def _review(actor: Actor, entry_id: UUID, territory_id: int, tree: Tree, now: datetime, *, in_line: bool) -> Question:
    me = frozenset({plain_id(actor.id)})
    resource = Resource(
        RecordKind.ENTRY,
        plain_id(entry_id),
        within(tree, territory_id),
        workers=me,
        line=me if in_line else frozenset(),
    )
    return Question(Subject.of(actor, tree), Action.REVIEW, DataClass.USE, resource, Context(now))


def require_allowed(question: Question) -> None:
    """Raise Forbidden, with the rule in words, unless the policies allow what is asked."""
    explained = decider().explain(question)
    if not explained.decision.allowed:
        raise Forbidden(" ".join(explained.words("en")), rules=list(explained.decision.policy_ids))
