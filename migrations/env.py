"""How Alembic reaches the database: through the connection that `surveyapp init-db` or a test hands it."""

from __future__ import annotations

from alembic import context

from surveyapp.models import Base

config = context.config
connection = config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
