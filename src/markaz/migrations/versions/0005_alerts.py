"""Public warnings sent out and foreign ones received.

The text of a public warning is public, so it stands in clear; events carry ids, codes and times only. What went out or
came in is kept as the bytes that were signed.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('draft', 'submitted', 'issued', 'withdrawn', 'received')),
    territory_id integer NOT NULL,
    identifier text NOT NULL,
    sender text NOT NULL,
    sent timestamptz,
    status text NOT NULL,
    msg_type text NOT NULL,
    scope text NOT NULL,
    category text,
    urgency text,
    severity text NOT NULL,
    certainty text,
    effective_at timestamptz,
    onset_at timestamptz,
    expires_at timestamptz,
    summary jsonb NOT NULL,
    draft jsonb,
    xml bytea,
    signature text,
    certificate_subject text,
    certificate_fingerprint text,
    follows uuid REFERENCES alerts (id),
    ended_by uuid REFERENCES alerts (id),
    ended_at timestamptz,
    is_disputed boolean NOT NULL DEFAULT false,
    authors uuid[] NOT NULL DEFAULT '{}',
    approved_by uuid,
    return_reason text,
    version integer NOT NULL DEFAULT 1,
    recorded_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((state IN ('issued', 'received')) = (xml IS NOT NULL)),
    CHECK ((state IN ('issued', 'received')) = (sent IS NOT NULL)),
    CHECK ((state = 'received') = (draft IS NULL))
);
CREATE UNIQUE INDEX alerts_message ON alerts (sender, identifier, sent) WHERE sent IS NOT NULL AND NOT is_disputed;
CREATE UNIQUE INDEX alerts_one_follow_up ON alerts (follows) WHERE state IN ('draft', 'submitted');
CREATE INDEX alerts_current ON alerts (expires_at) WHERE state IN ('issued', 'received') AND ended_by IS NULL;
CREATE INDEX alerts_recent ON alerts (sent DESC) WHERE sent IS NOT NULL;
CREATE INDEX alerts_open_drafts ON alerts (updated_at DESC) WHERE state IN ('draft', 'submitted');
CREATE TABLE alert_references (
    alert_id uuid NOT NULL REFERENCES alerts (id),
    sender text NOT NULL,
    identifier text NOT NULL,
    sent timestamptz NOT NULL,
    PRIMARY KEY (alert_id, sender, identifier, sent)
);
CREATE INDEX alert_references_earlier ON alert_references (sender, identifier, sent);
GRANT SELECT, INSERT, UPDATE ON alerts TO markaz_app;
GRANT SELECT, INSERT ON alert_references TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
