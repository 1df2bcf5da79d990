"""The operations of oversight as the right person calls them: retention, appointments, the register, audit packs."""

from tests.support.operation import Call, Elsewhere, Operation, World

from markaz.core.permissions import Permission

P = Permission


async def _plain(_w: World) -> Call:
    return Call()


GOVERNING_OPERATIONS = (
    Operation("GET /api/oversight/retention", P.GOVERNANCE_READ, _plain, Elsewhere.REFUSED, is_central=True),
    Operation("GET /api/oversight/certificates", P.GOVERNANCE_READ, _plain, Elsewhere.REFUSED, is_central=True),
)
