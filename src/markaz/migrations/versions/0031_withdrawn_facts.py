"""What staff declared of themselves and took back counts in the sample of that day all the same, and is forgotten with it."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the draw that follows reads its rows and deletes them."""
    op.execute(
        "CREATE TABLE withdrawn_facts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "account_id uuid NOT NULL REFERENCES accounts (id), home_territory_id integer, address_hash bytea, "
        "ended_at timestamptz NOT NULL)"
    )
    op.execute("CREATE INDEX withdrawn_facts_account ON withdrawn_facts (account_id)")
    op.execute("GRANT SELECT, INSERT, DELETE ON withdrawn_facts TO markaz_app")


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
