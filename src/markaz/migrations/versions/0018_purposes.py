"""Purposes of looks, broken glass, and what two people must agree on."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# What somebody wrote as their reason is sealed; its keyed hash, over the folded text, tells only whether they wrote the
# same before. A purpose or a broken glass is never deleted by a desk: the application may end and judge, not erase.
TABLES = """
CREATE TABLE purposes (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    kind text NOT NULL CHECK (kind IN ('incident','case','request')),
    reference_id uuid NOT NULL,
    reference text NOT NULL,
    need text NOT NULL CHECK (need IN ('same_event','call_back','joint_work','answer')),
    territory_id integer NOT NULL,
    sealed_id uuid NOT NULL,
    text_hash bytea NOT NULL,
    self_opened boolean NOT NULL,
    edited_before boolean NOT NULL,
    stated_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > stated_at AND ends_at <= stated_at + interval '1 hour'),
    ended_at timestamptz
);
CREATE INDEX purposes_account ON purposes (account_id, stated_at DESC);
CREATE UNIQUE INDEX purposes_open ON purposes (account_id) WHERE ended_at IS NULL;
CREATE TABLE broken_glass (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    record_kind text NOT NULL CHECK (record_kind IN ('incident')),
    record_id uuid NOT NULL,
    reference text NOT NULL,
    territory_id integer NOT NULL,
    ground text NOT NULL CHECK (ground IN ('life','crew','owner_away','wrongly_closed')),
    sealed_id uuid NOT NULL,
    task_id uuid NOT NULL REFERENCES tasks (id),
    alarm_id uuid NOT NULL,
    broken_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > broken_at AND ends_at <= broken_at + interval '1 hour'),
    verdict text CHECK (verdict IN ('justified','not_justified','unclear')),
    judged_by uuid,
    judged_at timestamptz,
    verdict_sealed_id uuid,
    CHECK ((verdict IS NULL) = (judged_by IS NULL) AND (verdict IS NULL) = (judged_at IS NULL)),
    CHECK (judged_by <> account_id)
);
CREATE INDEX broken_glass_account ON broken_glass (account_id, ends_at);
CREATE INDEX broken_glass_waiting ON broken_glass (broken_at) WHERE verdict IS NULL;
CREATE TABLE two_person_requests (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    what jsonb NOT NULL,
    territory_id integer NOT NULL,
    asked_by uuid NOT NULL REFERENCES accounts (id),
    asked_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > asked_at),
    state text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked','approved','refused','withdrawn')),
    decided_by uuid,
    decided_at timestamptz,
    CHECK ((state = 'asked') = (decided_by IS NULL) AND (state = 'asked') = (decided_at IS NULL)),
    CHECK (state NOT IN ('approved','refused') OR decided_by <> asked_by),
    CHECK (state <> 'withdrawn' OR decided_by = asked_by)
);
CREATE INDEX two_person_requests_open ON two_person_requests (kind, asked_at) WHERE state = 'asked';
ALTER TABLE alarms DROP CONSTRAINT alarms_kind_check;
ALTER TABLE alarms ADD CONSTRAINT alarms_kind_check CHECK
    (kind IN ('unassigned','held_over','en_route','arrival','welfare','emergency','break_glass'));
ALTER TABLE alarms DROP CONSTRAINT alarms_check3;
ALTER TABLE alarms ADD CONSTRAINT alarms_due CHECK (kind IN ('emergency','break_glass') OR due_at IS NOT NULL);
GRANT SELECT, INSERT ON purposes, broken_glass, two_person_requests TO markaz_app;
GRANT UPDATE (ended_at) ON purposes TO markaz_app;
GRANT UPDATE (verdict, judged_by, judged_at, verdict_sealed_id) ON broken_glass TO markaz_app;
GRANT UPDATE (state, decided_by, decided_at) ON two_person_requests TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
