"""What a card shows of the contents of an incident; sealed fields only through core.access."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from markaz.core import reach
from markaz.core.access.looking import Found, Look
from markaz.core.access.model import DataClass
from markaz.core.acts import Request
from markaz.core.errors import NotFound
from markaz.core.permissions import Permission, require_seen, territory_filter
from markaz.core.sealing import Restricted
from markaz.kit.clock import iso
from markaz.programmes.incidents.acting import Spine, check_not_shut_out
from markaz.programmes.incidents.contact import ContactRules, rules_of
from markaz.programmes.incidents.contents import queries
from markaz.programmes.incidents.looks import standing_of
from markaz.programmes.incidents.picture import JSON
from markaz.programmes.incidents.store import Record, incident

Opened = dict[UUID, dict[str, str] | None]


class ContentsReading:
    """The read of one incident's contents."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def contents(self, request: Request, incident_id: UUID) -> JSON:
        """Return parties, vehicles, photos (without bytes) and links.

        `sealed` says whether any of the first three is shown, `access` which, by what, or what is needed.
        """
        actor, tree = request.actor, self._spine.territories()
        async with self._spine.looking.look(request) as look:
            row = await incident(look.connection, incident_id)
            if row is None:
                raise NotFound("There is no such incident in your territory.", what="incident")
            require_seen(actor, Permission.INCIDENT_READ, row["territory_id"], tree, "incident")
            await check_not_shut_out(look.connection, actor, incident_id)
            standing = await standing_of(look.connection, actor, row, look.now)
            found = [await look.may(standing, one) for one in _PEOPLE]
            shown = {one.data_class for one in found if one.allowed}
            people = _NOTHING | await self._people(look, row, found, shown) if shown else _NOTHING
            access = look.mark(found)
            seen_in = territory_filter(actor, Permission.INCIDENT_READ, tree)
            async with reach.beyond(look.connection, "numbers of linked incidents, shown wherever they are"):
                links = await queries.links(look.connection, incident_id, seen_in)
                merged = await queries.merged_here(look.connection, incident_id)
            posts = await queries.shut_out_posts(look.connection, incident_id)
        return people | {
            "sealed": bool(shown),
            "access": access,
            "safe_contact": list(row["safe_contact"]),
            "covert": row["is_covert"],
            "links": [_link(link) for link in links],
            "merged_here": [{"id": str(one["id"]), "number": one["number"]} for one in merged],
            "shut_out": [
                {"territory_id": post["territory_id"], "ground": post["ground"], "at": iso(post["at"])}
                for post in posts
            ],
            "report_number": row["report_number"],
            "outcome_reason": row["outcome_reason"],
        }

    async def _people(self, look: Look, row: Record, found: Sequence[Found], shown: AbstractSet[DataClass]) -> JSON:
        connection, incident_id = look.connection, row["id"]
        has_parties, has_vehicles = DataClass.PARTY in shown, DataClass.VEHICLE in shown
        parties = await queries.parties(connection, incident_id) if has_parties else []
        before = await queries.parties_before(connection, incident_id) if has_parties else []
        vehicles = await queries.vehicles(connection, incident_id) if has_vehicles else []
        vehicles_before = await queries.vehicles_before(connection, incident_id) if has_vehicles else []
        photos = await queries.attachments(connection, incident_id) if DataClass.ATTACHMENT in shown else []
        sealed_ids = {one["sealed_id"] for rows in (parties, before, vehicles, vehicles_before) for one in rows} - {
            None
        }
        opened = await look.read([one for one in found if one.allowed], "incident.read_contents", sealed_ids)
        rules = await rules_of(connection, self._spine.sealer, row)
        return {
            "parties": [_bound(_with_earlier(_party, one, before, opened), rules) for one in parties],
            "vehicles": [_with_earlier(_vehicle, one, vehicles_before, opened) for one in vehicles],
            "attachments": [_attachment(one) for one in photos],
        }


_PEOPLE = (DataClass.PARTY, DataClass.VEHICLE, DataClass.ATTACHMENT)
_NOTHING: JSON = {"parties": [], "vehicles": [], "attachments": []}


def _with_earlier(shown: Any, row: Record, before: Sequence[Record], opened: Opened) -> JSON:
    """Return a party or vehicle as it is, and as it was before each correction, the newest first."""
    return dict(shown(row, opened)) | {"earlier": [shown(one, opened) for one in before if one["id"] == row["id"]]}


def _fields(row: Record, opened: Opened, *names: str) -> JSON:
    """Return sealed fields by name (None: not given), and whether they were erased or are under restriction."""
    if row["sealed_id"] is None:
        return dict.fromkeys(names) | {"erased": False, "restricted": False}
    fields = opened[row["sealed_id"]]
    state = {"erased": fields is None, "restricted": isinstance(fields, Restricted)}
    return {name: (fields or {}).get(name) for name in names} | state


def _party(row: Record, opened: Opened) -> JSON:
    return {
        "id": str(row["id"]),
        "role": row["role"],
        "is_minor": row["is_minor"],
        "is_unknown": row["is_unknown"],
        "safe_contact": list(row["safe_contact"]),  # beside the number, so that none shows it without
        "version": row["version"],
        "at": iso(row["at"]),
        "by": row["by"],
    } | _fields(row, opened, "name", "phone", "address", "born_year", "fact", "opinion")


def _bound(party: JSON, rules: ContactRules) -> JSON:
    """Return a party with `binding`, all that must not be done to it: its own rules and those that its number falls under."""
    return party | {"binding": rules.of_party(party["role"], party["phone"], party["safe_contact"])}


def _vehicle(row: Record, opened: Opened) -> JSON:
    base = {"id": str(row["id"]), "role": row["role"], "version": row["version"], "at": iso(row["at"]), "by": row["by"]}
    return base | _fields(row, opened, "plate", "description")


def _attachment(row: Record) -> JSON:
    return {
        "id": str(row["id"]),
        "media_type": row["media_type"],
        "size_bytes": row["size_bytes"],
        "width_px": row["width_px"],
        "height_px": row["height_px"],
        "at": iso(row["at"]),
        "by": row["by"],
        "erased": row["erased"],
        "restricted": row["restricted"],
    }


def _link(row: Record) -> JSON:
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "kind": row["kind"],
        "is_from": row["is_from"],
        "at": iso(row["at"]),
        "seen": row["is_seen"],
        "category": row["category"],
        "status": row["status"],
    }
