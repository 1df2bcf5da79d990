"""Row-level security, the second line behind the decisions.

Each transaction of the application says in settings of its own (SET LOCAL, core.reach) whose work it is; a covered table
shows a row only to a reach that holds it, and nothing where none was set. Which tables are covered, and why the others
are not, stands in docs/reference/row-security.md. Security is enabled and not forced: the application's role owns nothing,
so it is bound in either case, while the owner must migrate, erase and back up the whole.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Each of these is asked once for a whole statement, not once for a row. A setting that was never made is NULL, one whose
# transaction is over is '': both reach nothing.
SYSTEM = "(SELECT current_setting('markaz.reach', true) = 'system')"
SOMEBODY = "(SELECT current_setting('markaz.reach', true) IN ('system', 'actor'))"
ACTOR = "(SELECT nullif(current_setting('markaz.actor', true), '')::uuid)"
AUDITS = "(SELECT current_setting('markaz.audit', true) = 'on')"
IS_CREW = "(SELECT current_setting('markaz.crew', true) = 'on')"


def _held(setting: str, territory: str) -> str:
    """Return the test whether a territory's bit is set; four bits stand in each digit. No territory has an id below 0."""
    last = f"(SELECT length(current_setting('{setting}', true)) * 4 - 1)"
    bits = f"(SELECT decode(current_setting('{setting}', true), 'hex'))"
    return f"CASE WHEN {territory} <= {last} THEN get_bit({bits}, {territory}) = 1 ELSE false END"


def _in_places(territory: str) -> str:
    return _held("markaz.places", territory)


def _of_people(territory: str) -> str:
    return _held("markaz.people", territory)


# Whoever opened an incident or wrote on it last knows what they wrote, also when it now belongs to a neighbour. A crew
# works for the incidents that its unit is sent to, wherever these are, and its phone may report late.
_SENT_THERE = (
    f"{IS_CREW} AND EXISTS (SELECT FROM public.assignments s JOIN public.unit_logons l ON l.unit_id = s.unit_id "
    f"JOIN public.unit_crews c ON c.logon_id = l.id WHERE s.incident_id = {{incident}}.id AND c.account_id = {ACTOR})"
)


def _written(incident: str) -> str:
    return (
        f"{incident}.opened_by = {ACTOR} OR {incident}.updated_by = {ACTOR} OR {_SENT_THERE.format(incident=incident)}"
    )


def _of_incident(column: str) -> str:
    """Return the test of a row that names or leads to a person of an incident (whose own policy holds here, too)."""
    return (
        f"EXISTS (SELECT FROM public.incidents i WHERE i.id = {column} "
        f"AND ({_of_people('i.territory_id')} OR {_written('i')}))"
    )


SUMMARY = f"{_in_places('territory_id')} OR made_by = {ACTOR}"
HANDOVER = f"{_of_people('territory_id')} OR from_account = {ACTOR} OR to_account = {ACTOR}"

# What reaches a row, besides the centre's own work. Policies inside policies: what is looked up is itself in reach only.
REACHED = {
    "incidents": f"{_in_places('territory_id')} OR {_written('incidents')}",
    "calls": _of_incident("incident_id"),
    "call_details": _of_incident("incident_id"),
    "notes": _of_incident("incident_id"),
    "parties": _of_incident("incident_id"),
    "vehicles": _of_incident("incident_id"),
    "attachments": _of_incident("incident_id"),
    "position_holds": _of_incident("incident_id"),
    "held_positions": _of_incident("incident_id"),
    "parties_before": "EXISTS (SELECT FROM public.parties p WHERE p.id = party_id)",
    "vehicles_before": "EXISTS (SELECT FROM public.vehicles v WHERE v.id = vehicle_id)",
    "dispatch_decisions": "EXISTS (SELECT FROM public.incidents i WHERE i.id = incident_id)",
    "hazard_notes": f"{_of_people('territory_id')} OR written_by = {ACTOR}",
    "call_drafts": f"account_id = {ACTOR}",
    "summaries": SUMMARY,
    "summary_incidents": "EXISTS (SELECT FROM public.summaries s WHERE s.id = summary_id)",
    "handovers": HANDOVER,
    "handover_items": "EXISTS (SELECT FROM public.handovers h WHERE h.id = handover_id)",
    "tasks": f"{_of_people('territory_id')} OR owner_id = {ACTOR} OR {AUDITS}",
    "audit_entries": f"{AUDITS} OR actor_id = {ACTOR}",
}
SEALED = ("public.sealed_fields", "public.sealed_blobs", "public.sealed_search", "keys.sealed_keys")

# A sealed record is in reach where a row that holds it is. In PL/pgSQL, so that each look-up is planned once for a session
# and most stop at the first or second.
HOLDERS = (
    ("calls", "sealed_id"),
    ("notes", "sealed_id"),
    ("call_drafts", "sealed_id"),
    ("call_details", "sealed_id"),
    ("parties", "sealed_id"),
    ("parties_before", "sealed_id"),
    ("vehicles", "sealed_id"),
    ("vehicles_before", "sealed_id"),
    ("attachments", "sealed_id"),
    ("hazard_notes", "sealed_id"),
    ("handover_items", "sealed_id"),
    ("handover_items", "remark_id"),
    ("summary_incidents", "sealed_id"),
    ("position_holds", "reason_id"),
    ("tasks", "answer_sealed_id"),
)
_LOOKS = "\n".join(
    f"    IF EXISTS (SELECT FROM public.{table} h WHERE h.{column} = wanted) THEN RETURN true; END IF;"
    for table, column in HOLDERS
)
SEALED_IN_REACH = f"""
CREATE FUNCTION sealed_in_reach(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $body$
BEGIN
{_LOOKS}
    RETURN EXISTS (
        SELECT FROM public.events e JOIN public.incidents i ON i.id = e.aggregate_id
        WHERE e.payload ->> 'reason_id' = wanted::text AND ({_of_people("i.territory_id")} OR {_written("i")})
    );
END
$body$
"""

# For later revisions: what a new table seals is in reach where that table's row is.
HOLDS_SEALED = f"""
CREATE PROCEDURE holds_sealed(holder text, holding_column text) LANGUAGE plpgsql AS $body$
DECLARE
    sealed text;
BEGIN
    FOREACH sealed IN ARRAY ARRAY[{", ".join(f"'{table}'" for table in SEALED)}] LOOP
        EXECUTE format(
            'CREATE POLICY %I ON %s USING (EXISTS (SELECT FROM public.%I h WHERE h.%I = sealed_id))',
            'held_by_' || holder || '_' || holding_column, sealed, holder, holding_column
        );
    END LOOP;
END
$body$
"""
HELD_ALREADY = {("calls", "sealed_id"), ("call_details", "sealed_id")}  # revision 0006 made these indexes


def upgrade() -> None:
    """Index what the policies look up, write them, and enable them."""
    for table, column in HOLDERS:
        if (table, column) not in HELD_ALREADY:
            op.execute(f"CREATE INDEX {table}_{column} ON {table} ({column}) WHERE {column} IS NOT NULL")
    op.execute("CREATE INDEX unit_crews_account ON unit_crews (account_id)")
    op.execute(
        "CREATE INDEX events_reason ON events ((payload ->> 'reason_id')) WHERE payload ->> 'reason_id' IS NOT NULL"
    )
    op.execute(SEALED_IN_REACH)
    op.execute(HOLDS_SEALED)
    op.execute("REVOKE ALL ON PROCEDURE holds_sealed(text, text) FROM PUBLIC")
    reached = {f"public.{table}": test for table, test in REACHED.items()}
    for table, test in (reached | dict.fromkeys(SEALED, "public.sealed_in_reach(sealed_id)")).items():
        op.execute(f"CREATE POLICY reach ON {table} USING ({SYSTEM} OR {test}) WITH CHECK ({SOMEBODY})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
