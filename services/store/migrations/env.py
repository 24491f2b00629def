"""What Alembic runs to reach the database: the connection that `upgrade` hands over, and no other."""

from __future__ import annotations

from alembic import context

from services.store.relations_table import relations

context.configure(connection=context.config.attributes["connection"], target_metadata=relations.metadata)
context.run_migrations()
