"""Conflict of interest: a post whose own people are in an incident is shut out, and the post above takes it (ADR 0013).

The incident moves to a territory above by the ordinary rule of territories, so the stream, lists, counts and cards of the
post lose it at once with no rule of their own.
"""

from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import InvalidInput
from markaz.core.permissions import Permission
from markaz.programmes.incidents.acting import Spine, event, fresh_view, lock_incident, moved_from
from markaz.programmes.incidents.contents import commands, domain, store
from markaz.programmes.incidents.store import touch_incident


class Conflict:
    """The command that shuts a post out."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def shut_out(self, request: Request, incident_id: UUID, command: commands.ShutOut) -> Answer:
        """Close an incident to a post and to named people; answers the territory that takes it.

        Works on a closed incident too: then only reading moves. The actor may well be one who loses it. Raises
        NotPossibleNow when nobody above could take it.
        """

        async def work(act: Act) -> Answer:
            row = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, command.version)
            tree, here = self._spine.territories(), row["territory_id"]
            post = here if command.territory_id is None else command.territory_id
            if not tree.is_within(here, post):
                raise InvalidInput("That post does not handle this incident.", field="territory_id")
            grants = [
                (g["account_id"], g["role"], g["territory_id"]) for g in await store.grants_of_people(act.connection)
            ]
            if command.account_ids - {account for account, _, _ in grants}:
                raise InvalidInput("There is no such person.", field="account_ids")
            path = [int(territory) for territory in tree.path(post)]
            scopes = {territory: frozenset(map(int, tree.subtree(territory))) for _, _, territory in grants}
            to = domain.territory_without(path, post, command.account_ids, grants, scopes)
            await store.shut_out(
                act.connection, incident_id, post, here, to, command.ground.value, act.now, act.actor.id
            )
            await store.shut_out_accounts(act.connection, incident_id, command.account_ids)
            version = await touch_incident(act.connection, incident_id, act.actor.id)
            view = await fresh_view(act, incident_id)
            payload = {"ground": command.ground.value, "view": view, "version": version}
            payload["changes"] = {"territory_id": {"from": here, "to": to}}
            shut = event(act, IncidentEvent.SHUT_OUT, incident_id, to, act.now, payload)
            # What is closed stands in no console, so it enters none either.
            act.events.append(moved_from(shut, here) if row["status"] == "open" else shut)
            return Answer(200, {"version": version, "territory_id": to})

        return await self._spine.acts.run(request, work)
