"""The register as it stands now, with who holds the offices."""

from typing import Any

from markaz.core.access.policies import packaged
from markaz.core.db.pool import Connection, Database
from markaz.core.permissions import OFFICES
from markaz.core.refusals.guard import load_lists
from markaz.core.retention import Governance
from markaz.programmes.oversight.register import store
from markaz.programmes.oversight.register.domain import register_of

JSON = dict[str, Any]


class Register:
    """The register of processing activities of this centre."""

    def __init__(self, database: Database, governance: Governance) -> None:
        self._database = database
        self._governance = governance

    async def view(self) -> JSON:
        """Return the register."""
        async with self._database.connection() as connection:
            return await self.view_within(connection)

    async def view_within(self, connection: Connection) -> JSON:
        """Return the register as a transaction sees it."""
        held = await store.office_holders(connection, sorted(OFFICES))
        return {**register_of(self._governance, load_lists(), rules_in_words(), held), "policy_hash": packaged().hash}


def rules_in_words() -> list[JSON]:
    """Return the access rules with their words in every language; the texts themselves go into an audit pack."""
    return [{"id": rule.id, "lets": rule.is_permit, "words": dict(rule.words)} for rule in packaged().rules]
