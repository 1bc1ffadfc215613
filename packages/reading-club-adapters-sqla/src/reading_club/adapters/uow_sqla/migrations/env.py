"""Alembic's environment: runs migrations on the caller's open connection."""

from alembic import context

from reading_club.adapters.uow_sqla.orm import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
