"""Row security of purposes, broken glass and what oversight keeps, made after the policies of revision 0016.

Restrictions stay open: a row hidden from a query would show a field rather than hold it back.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SYSTEM = "(SELECT current_setting('markaz.reach', true) = 'system')"
SOMEBODY = "(SELECT current_setting('markaz.reach', true) IN ('system', 'actor'))"
AUDITS = "(SELECT current_setting('markaz.audit', true) = 'on')"
ACTOR = "(SELECT nullif(current_setting('markaz.actor', true), '')::uuid)"
ANSWERS = "(SELECT current_setting('markaz.rights', true) = 'on')"

REACHED = {
    "purposes": f"account_id = {ACTOR} OR {AUDITS}",
    "broken_glass": f"account_id = {ACTOR} OR {AUDITS}",
    "review_cases": AUDITS,
    "right_requests": ANSWERS,
    "right_records": ANSWERS,
}
HOLDERS = (
    ("purposes", "sealed_id"),
    ("broken_glass", "sealed_id"),
    ("broken_glass", "verdict_sealed_id"),
    ("review_cases", "reason_id"),
    ("right_requests", "sealed_id"),
    ("right_requests", "answer_id"),
)


def upgrade() -> None:
    """Index what the policies look up, write them, and enable them."""
    for table, column in HOLDERS:
        op.execute(f"CREATE INDEX {table}_{column} ON {table} ({column}) WHERE {column} IS NOT NULL")
        op.execute(f"CALL holds_sealed('{table}', '{column}')")
    for table, test in REACHED.items():
        op.execute(f"CREATE POLICY reach ON {table} USING ({SYSTEM} OR {test}) WITH CHECK ({SOMEBODY})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
