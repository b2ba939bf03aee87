"""The first tables: seals, uses, cases and the archive's journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "archive_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("settings", sa.String(length=64), nullable=False),
        sa.Column("described", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unsupported", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_runs"))
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("examination", sa.String(length=64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases"))
    )
    op.create_index(op.f("ix_cases_document_sha256"), "cases", ["document_sha256"])
    op.create_index(op.f("ix_cases_examination_policy"), "cases", ["examination", "policy"])

    op.create_table(
        "seals",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("unified_code", sa.String(length=64), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("shape", sa.String(length=16), nullable=False),
        sa.Column("width_mm", sa.Float(precision=53), nullable=False),
        sa.Column("height_mm", sa.Float(precision=53), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("making", sa.String(length=16), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_changed", sa.Date(), nullable=True),
        sa.Column("ledger_from", sa.Date(), nullable=True),
        sa.Column("toml", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals"))
    )
    op.create_table(
        "archive_flags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("flag", sa.String(length=64), nullable=False),
        sa.Column("check", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("impression", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_archive_flags_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_flags"))
    )
    op.create_index(op.f("ix_archive_flags_case_id"), "archive_flags", ["case_id"])
    op.create_index(op.f("ix_archive_flags_impression"), "archive_flags", ["impression"])

    op.create_table(
        "archive_journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_archive_journal_case_id_cases")),
        sa.ForeignKeyConstraint(["run_id"], ["archive_runs.id"], name=op.f("fk_archive_journal_run_id_archive_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_journal")),
        sa.UniqueConstraint("run_id", "path", name=op.f("uq_archive_journal_run_id_path"))
    )
    op.create_index(op.f("ix_archive_journal_case_id"), "archive_journal", ["case_id"])
    op.create_index(op.f("ix_archive_journal_path"), "archive_journal", ["path"])
    op.create_index(op.f("ix_archive_journal_run_id_sha256"), "archive_journal", ["run_id", "sha256"])
    op.create_index(op.f("ix_archive_journal_run_id_state"), "archive_journal", ["run_id", "state"])
    op.create_index(op.f("ix_archive_journal_sha256"), "archive_journal", ["sha256"])

    op.create_table(
        "seal_statuses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seal_id", sa.String(length=63), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.id"], name=op.f("fk_seal_statuses_seal_id_seals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_statuses"))
    )
    op.create_index(op.f("ix_seal_statuses_seal_id"), "seal_statuses", ["seal_id"])

    op.create_table(
        "specimens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seal_id", sa.String(length=63), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("dpi", sa.Float(precision=53), nullable=False),
        sa.Column("taken", sa.Date(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.id"], name=op.f("fk_specimens_seal_id_seals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specimens")),
        sa.UniqueConstraint("seal_id", "file", name=op.f("uq_specimens_seal_id_file")),
        sa.UniqueConstraint("seal_id", "position", name=op.f("uq_specimens_seal_id_position"))
    )
    op.create_table(
        "uses",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("seal_id", sa.String(length=63), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.id"], name=op.f("fk_uses_seal_id_seals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uses"))
    )
    op.create_index(op.f("ix_uses_document_sha256"), "uses", ["document_sha256"])
    op.create_index(op.f("ix_uses_seal_id"), "uses", ["seal_id"])



def downgrade() -> None:
    op.drop_index(op.f("ix_uses_seal_id"), "uses")
    op.drop_index(op.f("ix_uses_document_sha256"), "uses")

    op.drop_table("uses")
    op.drop_table("specimens")
    op.drop_index(op.f("ix_seal_statuses_seal_id"), "seal_statuses")

    op.drop_table("seal_statuses")
    op.drop_index(op.f("ix_archive_journal_sha256"), "archive_journal")
    op.drop_index(op.f("ix_archive_journal_run_id_state"), "archive_journal")
    op.drop_index(op.f("ix_archive_journal_run_id_sha256"), "archive_journal")
    op.drop_index(op.f("ix_archive_journal_path"), "archive_journal")
    op.drop_index(op.f("ix_archive_journal_case_id"), "archive_journal")

    op.drop_table("archive_journal")
    op.drop_index(op.f("ix_archive_flags_impression"), "archive_flags")
    op.drop_index(op.f("ix_archive_flags_case_id"), "archive_flags")

    op.drop_table("archive_flags")
    op.drop_table("seals")
    op.drop_index(op.f("ix_cases_examination_policy"), "cases")
    op.drop_index(op.f("ix_cases_document_sha256"), "cases")

    op.drop_table("cases")
    op.drop_table("archive_runs")
