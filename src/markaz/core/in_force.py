"""Says in the log what is in force: the program, the policies of access, the retention schedule, the closed lists.

One entry when a centre starts with something else than it last said, so that an auditor reads from when until when each
held. All of it is public: hashes and versions, nothing of anybody. The text of each version of the policies is kept by its
hash, so that a pack of a period holds what was in force then and not what is in force when it is made.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from importlib import resources

import orjson

from markaz import __version__
from markaz.core.access.policies import Policies, packaged
from markaz.core.db.pool import Connection
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.log.appending import append
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.retention import Governance

ACTION = "policy.in_force"
_KEEP = "INSERT INTO policy_texts (policy_hash, name, content, kept_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
_LAST = "SELECT details::text FROM audit_entries WHERE action = $1 AND kind = 'policy' ORDER BY id DESC LIMIT 1"


def in_force(governance: Governance, policies: Policies | None = None) -> dict[str, str]:
    """Return what is in force now: versions and SHA-256, by name. `policies` are those of this version unless given."""
    files = sorted(one.name for one in resources.files("markaz.core.refusals").iterdir() if one.name.endswith(".toml"))
    lists = b"".join(resources.files("markaz.core.refusals").joinpath(name).read_bytes() for name in files)
    return {
        "lists": hashlib.sha256(lists).hexdigest(),
        "policies": (policies or packaged()).hash,
        "schedule": governance.version,
        "software": __version__,
    }


async def keep_policies(connection: Connection, now: datetime, policies: Policies | None = None) -> None:
    """Keep the texts of the policies by their hash; nothing happens for a version that is known. Each process starts so."""
    policies = policies or packaged()
    await connection.executemany(_KEEP, [(policies.hash, name, text, now) for name, text in policies.files.items()])


async def note_in_force(connection: Connection, now: datetime, stated: Mapping[str, str]) -> bool:
    """Append the entry unless the last one said the same; return whether it was. The last statement of a transaction."""
    last = await connection.fetchval(_LAST, ACTION)
    if last is not None and orjson.loads(last) == dict(stated):
        return False
    entry = Entry(EntryKind.POLICY, ACTION, SYSTEM_ACTOR_ID, "centre", None, "start", details=stated, public=stated)
    await append(connection, now, [entry])
    return True
