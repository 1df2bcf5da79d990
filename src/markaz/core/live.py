"""What must stand before a centre may hold data of real people, and what to do about what does not. It changes nothing.

A missing outside witness is no reason to refuse: it is published, and every checkpoint says *unwitnessed*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markaz.core import training, trial
from markaz.core.db.pool import Connection
from markaz.core.errors import MarkazError
from markaz.core.permissions import OFFICES, Role
from markaz.core.refusals.guard import load_lists
from markaz.core.refusals.schema import schema_problems
from markaz.core.retention import Governance
from markaz.core.settings import STRONG_ROLES, Settings

_OFFICERS = """
SELECT DISTINCT g.role FROM grants g JOIN accounts a ON a.id = g.account_id JOIN territories t ON t.id = g.territory_id
WHERE a.is_active AND a.kind = 'person' AND t.parent_id IS NULL AND g.role = ANY($1::text[])
"""
_MIXED = """
SELECT a.login FROM accounts a JOIN grants g ON g.account_id = a.id WHERE a.is_active
GROUP BY a.id HAVING count(DISTINCT g.role) > 1 AND bool_or(g.role = ANY($1::text[])) ORDER BY a.login LIMIT $2
"""
NEEDED = {
    Role.DATA_PROTECTION_OFFICER: "a data-protection officer of the whole centre",
    Role.APPEAL_BODY: "an appeal body of the whole centre",
}
SHOWN_MOST = 10


class NotReady(MarkazError):
    """A centre for real people is not ready to serve; the message lists what is missing, a line each."""

    status = 409
    code = "not_ready"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `missing` says what to do, None when it stands. A `warning` refuses nothing."""

    what: str
    missing: str | None = None
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database knows: offices held, columns or rights that no list allows, outside witnesses, a demo inside.

    `mixed` are log-ins of accounts that hold an office and another role; `made_for` is trial or training for a home whose
    data were made there.
    """

    offices: frozenset[Role]
    schema: tuple[str, ...]
    witnesses: int
    is_demo: bool
    mixed: tuple[str, ...] = ()
    made_for: str | None = None


async def facts_of(connection: Connection, *, witnesses: int, is_demo: bool) -> Facts:
    """Read what the database knows."""
    rows = await connection.fetch(_OFFICERS, [role.value for role in NEEDED])
    found = await schema_problems(connection, load_lists())
    mixed = await connection.fetch(_MIXED, [role.value for role in OFFICES], SHOWN_MOST)
    return Facts(
        frozenset(Role(row["role"]) for row in rows),
        tuple(str(one) for one in found),
        witnesses,
        is_demo,
        tuple(row["login"] for row in mixed),
        "training" if await training.is_copy(connection) else "trial" if await trial.holds_trial(connection) else None,
    )


def findings(settings: Settings, governance: Governance, facts: Facts, today: date) -> list[Finding]:
    """Return everything that was looked at, in the order in which one sets a centre up."""
    file = settings.governance or settings.home / "governance.toml"
    return [
        _controller(governance, str(file)),
        _assessment(governance, str(file), today),
        _grounds(governance, str(file)),
        _reviews(governance, str(file), today),
        *(_office(role, what, facts) for role, what in NEEDED.items()),
        _apart(facts),
        _tls(settings),
        _second_factor(settings),
        Finding(
            "no demo accounts",
            "This home folder holds the demo, whose passwords are well known: set MARKAZ_HOME to a new folder."
            if facts.is_demo
            else None,
        ),
        Finding(
            "no trial or training data",
            f"What this home folder holds was made for {facts.made_for}: set MARKAZ_HOME to a new folder."
            if facts.made_for
            else None,
        ),
        Finding(
            "closed lists",
            f"This database holds what no list allows ({'; '.join(facts.schema[:SHOWN_MOST])}): this is a changed Markaz."
            if facts.schema
            else None,
        ),
        Finding(
            "outside witness",
            "No outside witness cosigns the log: it is published as unwitnessed. See docs/guides/rights.md."
            if not facts.witnesses
            else None,
            warning=True,
        ),
    ]


def check_ready(found: Sequence[Finding]) -> None:
    """Raise NotReady with one readable list unless everything that must stands."""
    missing = [one for one in found if one.missing is not None and not one.warning]
    if missing:
        lines = "\n".join(f"  - {one.what}: {one.missing}" for one in missing)
        raise NotReady(
            f"This centre is not ready for data of real people; {len(missing)} things are missing:\n{lines}\n"
            "Look again with `markaz check live`; docs/guides/going-live.md explains each. To try Markaz out without real "
            "data, set MARKAZ_TRIAL=1 or run the demo."
        )


def _controller(governance: Governance, file: str) -> Finding:
    text = f"Say in {file} who controls the data: [controller] with name, address and contact."
    return Finding("controller", None if governance.controller is not None else text)


def _assessment(governance: Governance, file: str, today: date) -> Finding:
    if governance.assessed_on is None:
        return Finding(
            "impact assessment", f"Assess the impact, then write [impact_assessment] date and reference into {file}."
        )
    if governance.assessed_on > today:
        return Finding("impact assessment", f"Its date in {file} lies in the future.")
    return Finding("impact assessment")


def _grounds(governance: Governance, file: str) -> Finding:
    without = [each.id for each in governance.classes if each.legal_ground is None]
    text = f"Write legal_ground into {file} for {', '.join(without)}, each under [class.NAME]."
    return Finding("legal ground of each data class", text if without else None)


def _reviews(governance: Governance, file: str, today: date) -> Finding:
    without = [each.id for each in governance.classes if each.review_on is None]
    if without:
        return Finding("retention schedule", f"Write review_on, a day, into {file} for {', '.join(without)}.")
    late = [each.id for each in governance.classes if each.review_on is not None and each.review_on < today]
    # A day that passes must not keep a centre from starting again at night.
    text = f"The day of review has passed for {', '.join(late)}: review, then set the next day in {file}."
    return Finding("retention schedule", text if late else None, warning=bool(late))


def _office(role: Role, what: str, facts: Facts) -> Finding:
    text = f"Appoint {what}: `markaz accounts create NAME {role.value}`, or two people in the console."
    return Finding(role.value.replace("_", " "), None if role in facts.offices else text)


def _apart(facts: Facts) -> Finding:
    text = (
        f"An office is held with no other role, and {', '.join(facts.mixed)} hold both: `markaz accounts close NAME`, then "
        "make an account for each."
    )
    return Finding("offices apart", text if facts.mixed else None)


def _second_factor(settings: Settings) -> Finding:
    weak = sorted(role.value for role in STRONG_ROLES - settings.second_factor_roles)
    text = f"A password alone opens what {', '.join(weak)} may see: add them to MARKAZ_SECOND_FACTOR_ROLES, or do not set it."
    return Finding("second factor", text if weak else None)


def _tls(settings: Settings) -> Finding:
    text = "Serve behind a TLS proxy and say so: MARKAZ_PUBLIC_URL=https://..., or MARKAZ_SECURE_COOKIES=1."
    return Finding("TLS", None if settings.cookies_are_secure else text)
