"""The demo's log-ins. Their passwords are well known: a centre that holds them is served on loopback only."""

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from markaz.core import identity
from markaz.core.db.pool import Connection
from markaz.core.events import Event
from markaz.core.permissions import Actor, Grant, Role
from markaz.core.territories import ROOT_ID
from markaz.demo.plan import Plan
from markaz.kit.ids import plain_id

KEY_FILE = Path("secrets") / "demo_importer.key"
IMPORTER = "demo-importer"
TRAFFIC = "demo-traffic"
SERVICE_RATE_PER_S = 2_000.0  # a replay at full speed


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """Somebody to sign in as. `where` is said in words for the person reading the list."""

    login: str
    password: str
    role: Role
    where: str


def _login(login: str, role: Role, where: str) -> DemoLogin:
    return DemoLogin(login, f"{login}-demo", role, where)


LOGINS = (
    _login("operator", Role.DUTY_OFFICER, "the region"),
    _login("operator2", Role.DUTY_OFFICER, "its second district only"),
    _login("supervisor", Role.SUPERVISOR, "the region"),
    _login("observer", Role.OBSERVER, "the whole centre"),
    _login("admin", Role.ADMINISTRATOR, "the whole centre"),
    # Who watches over use: they hold nothing of the desk, and begin on Oversight.
    _login("officer", Role.DATA_PROTECTION_OFFICER, "the whole centre"),
    _login("auditor", Role.AUDITOR, "the whole centre"),
    _login("appeal", Role.APPEAL_BODY, "the whole centre"),
    # Crews, for the phone: the first two are logged on to a unit of the region already, the third to none.
    _login("unit1", Role.UNIT_OFFICER, "the region"),
    _login("unit2", Role.UNIT_OFFICER, "the region"),
    _login("unit3", Role.UNIT_OFFICER, "the region"),
)


def territory_of(login: DemoLogin, plan: Plan) -> int:
    """Return the territory a log-in is granted its role in."""
    match login.login:
        case "admin" | "observer" | "officer" | "auditor" | "appeal":
            return ROOT_ID
        case "operator2":
            return plan.tree.children(plan.first_region)[1]
        case _:
            return plan.first_region


async def create_logins(connection: Connection, plan: Plan, at: datetime) -> list[Event]:
    """Insert the log-ins and the two services of the demo; return the events to append."""
    events = []
    for login in LOGINS:
        _, event = await identity.create_account(
            connection,
            login=login.login,
            display_name=f"{login.login.capitalize()} (demo)",
            password=login.password,
            grants=(Grant(login.role, territory_of(login, plan)),),
            at=at,
        )
        events.append(event)
    for login_name, display_name, roles in (
        (IMPORTER, "Importer (demo)", (Role.IMPORTER,)),
        # The traffic is a service nobody holds a key of: it acts inside the process only.
        (TRAFFIC, "Synthetic traffic (demo)", (Role.DUTY_OFFICER, Role.UNIT_DEVICE)),
    ):
        _, event = await identity.create_service_key(
            connection,
            login=login_name,
            display_name=display_name,
            grants=tuple(Grant(role, ROOT_ID) for role in roles),
            rate_limit_per_s=SERVICE_RATE_PER_S,
            at=at,
        )
        events.append(event)
    return events


async def traffic_actor(connection: Connection) -> Actor:
    """Return the service that acts for synthetic officers. Raises LookupError when the demo is not built."""
    row = await connection.fetchrow("SELECT id, display_name, access_version FROM accounts WHERE login = $1", TRAFFIC)
    if row is None:
        raise LookupError("the demo is not built")
    return Actor(
        id=plain_id(row["id"]),
        login=TRAFFIC,
        display_name=row["display_name"],
        is_service=True,
        grants=(Grant(Role.DUTY_OFFICER, ROOT_ID), Grant(Role.UNIT_DEVICE, ROOT_ID)),
        access_version=row["access_version"],
    )


async def renew_importer_key(connection: Connection) -> str:
    """Give the importer a new key and return it; the old one ends with the caller's commit."""
    secret = secrets.token_urlsafe(32)
    id_ = await connection.fetchval(
        "UPDATE accounts SET secret_hash = $2 WHERE login = $1 RETURNING id", IMPORTER, identity.token_hash(secret)
    )
    return f"{identity.SERVICE_KEY_PREFIX}_{id_.hex}_{secret}"


def write_key(home: Path, key: str) -> Path:
    """Write the importer's key to HOME/secrets/demo_importer.key, mode 0600, whole or not at all."""
    path = home / KEY_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
    return path
