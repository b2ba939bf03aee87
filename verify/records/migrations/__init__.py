"""Alembic's migrations. They run through `verify.records.database.upgrade`, which hands its connection over."""
