"""Runs the migrations on the connection that core.db.migrate opened; it opens none itself and has no offline mode."""

from alembic import context

# Each revision is a transaction of its own: what is done stays done, and locks are held no longer than one step.
context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
