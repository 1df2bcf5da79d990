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
from markaz.core.stated import GROUND_RULE, RULE, is_ground, is_named, is_stated

_OFFICERS = """
SELECT g.role, a.login, a.display_name FROM grants g JOIN accounts a ON a.id = g.account_id JOIN territories t ON t.id = g.territory_id
WHERE a.is_active AND a.kind = 'person' AND t.parent_id IS NULL AND g.role = ANY($1::text[])
"""
_MIXED = """
SELECT a.login FROM accounts a JOIN grants g ON g.account_id = a.id WHERE a.is_active
GROUP BY a.id HAVING count(DISTINCT g.role) > 1 AND bool_or(g.role = ANY($1::text[])) ORDER BY a.login LIMIT $2
"""
# A role that row security does not bind, and tables whose policies sleep or do not bind who asks.
_UNBOUND = """
SELECT 'the role ' || rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)
UNION ALL
SELECT 'the table ' || c.oid::regclass::text FROM pg_class c WHERE EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
  AND (NOT c.relrowsecurity OR (pg_has_role(current_user, c.relowner, 'USAGE') AND NOT c.relforcerowsecurity))
ORDER BY 1
"""
NEEDED = {
    Role.DATA_PROTECTION_OFFICER: "a data-protection officer of the whole centre",
    Role.APPEAL_BODY: "an appeal body of the whole centre",
}
SHOWN_MOST = 10
LONG_DAYS = 3_653  # [assumption] ten years: what is held for longer is asked about


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
    data were made there. `unnamed` are offices whose every holder has a placeholder for a name; they are not in `offices`.
    `unbound` is what row security does not bind; `has_history` says whether files of history lie in the home folder.
    """

    offices: frozenset[Role]
    schema: tuple[str, ...]
    witnesses: int
    is_demo: bool
    mixed: tuple[str, ...] = ()
    made_for: str | None = None
    unnamed: frozenset[Role] = frozenset()
    unbound: tuple[str, ...] = ()
    has_history: bool = False


async def facts_of(connection: Connection, *, witnesses: int, is_demo: bool, has_history: bool) -> Facts:
    """Read what the database knows, as the role that asks."""
    rows = await connection.fetch(_OFFICERS, [role.value for role in NEEDED])
    found = await schema_problems(connection, load_lists())
    mixed = await connection.fetch(_MIXED, [role.value for role in OFFICES], SHOWN_MOST)
    unbound = await connection.fetch(_UNBOUND)
    named = frozenset(Role(row["role"]) for row in rows if is_named(row["login"], row["display_name"]))
    return Facts(
        named,
        tuple(str(one) for one in found),
        witnesses,
        is_demo,
        tuple(row["login"] for row in mixed),
        "training" if await training.is_copy(connection) else "trial" if await trial.holds_trial(connection) else None,
        frozenset(Role(row["role"]) for row in rows) - named,
        tuple(row[0] for row in unbound),
        has_history,
    )


def findings(settings: Settings, governance: Governance, facts: Facts, today: date) -> list[Finding]:
    """Return everything that was looked at, in the order in which one sets a centre up."""
    file = settings.governance or settings.home / "governance.toml"
    return [
        _controller(governance, str(file)),
        _assessment(governance, str(file), today),
        _grounds(governance, str(file)),
        _reviews(governance, str(file), today),
        _length(governance, str(file)),
        *(_office(role, what, facts) for role, what in NEEDED.items()),
        _apart(facts),
        _tls(settings),
        _second_factor(settings),
        *switched_off(settings, facts),
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
    stated = governance.controller
    if stated is None:
        return Finding(
            "controller", f"Say in {file} who controls the data: [controller] with name, address and contact."
        )
    parts = {"name": stated.name, "address": stated.address, "contact": stated.contact}
    empty = ", ".join(name for name, text in parts.items() if not is_stated(text))
    text = f"Write {empty} of [controller] out in {file}, so that a person finds who answers for the data: {RULE}."
    return Finding("controller", text if empty else None)


def _assessment(governance: Governance, file: str, today: date) -> Finding:
    if governance.assessed_on is None:
        return Finding(
            "impact assessment", f"Assess the impact, then write [impact_assessment] date and reference into {file}."
        )
    if governance.assessed_on > today:
        return Finding("impact assessment", f"Its date in {file} lies in the future.")
    if not is_stated(governance.assessment):
        text = f"Write into {file} under which reference the assessment is found, as in DPIA 2026/4: {RULE}."
        return Finding("impact assessment", text)
    return Finding("impact assessment")


def _grounds(governance: Governance, file: str) -> Finding:
    without = [each.id for each in governance.classes if not is_ground(each.legal_ground)]
    text = (
        f"Write legal_ground into {file} for {', '.join(without)}, each under [class.NAME]: the law and its article, "
        f"{GROUND_RULE}."
    )
    return Finding("legal ground of each data class", text if without else None)


def _reviews(governance: Governance, file: str, today: date) -> Finding:
    without = [each.id for each in governance.classes if each.review_on is None]
    if without:
        return Finding("retention schedule", f"Write review_on, a day, into {file} for {', '.join(without)}.")
    late = [each.id for each in governance.classes if each.review_on is not None and each.review_on < today]
    # A day that passes must not keep a centre from starting again at night.
    text = f"The day of review has passed for {', '.join(late)}: review, then set the next day in {file}."
    return Finding("retention schedule", text if late else None, warning=bool(late))


def _length(governance: Governance, file: str) -> Finding:
    """A class that hardly ever ends may be the law's wish, so it refuses nothing; nobody should overlook it."""
    long = [each.id for each in governance.classes if each.ends_after_days > LONG_DAYS]
    text = f"{', '.join(long)} are held for more than ten years by ends_after_days in {file}: make sure that a law wants it."
    return Finding("length of retention", text if long else None, warning=bool(long))


def _office(role: Role, what: str, facts: Facts) -> Finding:
    text = f"Appoint {what}: `markaz accounts create NAME {role.value}`, or two people in the console."
    if role in facts.unnamed:
        text = (
            f"Say who is {what}: the account's name is its log-in once more or too short ({RULE}). Make one with "
            f'`markaz accounts create LOGIN {role.value} --name "FIRST AND LAST NAME"`; two people then take the office '
            "from the other."
        )
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


ONE_OF_MANY = "several processes of a centre agree which of them does it, so leave it on in each"


def switched_off(settings: Settings, facts: Facts) -> list[Finding]:
    """Return what a setting can switch off although a centre for real people must not be without it."""
    checkpoints = (
        "No checkpoint of the log would be signed, so nobody could prove anything by it: take MARKAZ_LOG_CHECKPOINTS=0 away "
        f"({ONE_OF_MANY})."
    )
    asked = (
        "No look is reviewed because it raises a question: set MARKAZ_REVIEW_ASKED_PER_DAY to 1 or more, or do not set it "
        "(20)."
    )
    watch = (
        "No sample is drawn, no alarm climbs, no delay of disclosure ends and no task is marked overdue: take "
        f"MARKAZ_WATCH_CLOCKS=0 away ({ONE_OF_MANY})."
    )
    history = (
        "Files of history lie in the home folder, and without its job nothing ends or erases them: take MARKAZ_HISTORY=0 "
        f"away ({ONE_OF_MANY}), or delete the folder history/."
    )
    return [
        _mode(settings),
        Finding("signed log", None if settings.log_checkpoints else checkpoints),
        Finding("review of looks", None if settings.review_asked_per_day else asked),
        Finding("watch over clocks", None if settings.watch_clocks else watch),
        Finding("history", history if facts.has_history and not settings.history else None),
        _row_security(facts),
        _provider(settings),
    ]


def _mode(settings: Settings) -> Finding:
    band = settings.band or ""
    text = f"These settings serve a {band} centre, which holds no data of real people: take MARKAZ_{band.upper()} away."
    return Finding("no trial, training or demo mode", text if band else None)


def _row_security(facts: Facts) -> Finding:
    text = (
        f"Row security does not bind {', '.join(facts.unbound[:SHOWN_MOST])}: let MARKAZ_DATABASE_URL name the "
        "application's role, and run `markaz check` for what that role may be."
    )
    return Finding("row security", text if facts.unbound else None)


def _provider(settings: Settings) -> Finding:
    text = (
        "Whoever the identity provider vouches for is asked for nothing more here: make sure that it asks for a second "
        "factor."
    )
    is_used = settings.provider_issuer is not None
    return Finding("second factor at the provider", text if is_used else None, warning=is_used)
