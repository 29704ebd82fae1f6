"""The first round: studies, panels, rounds, answers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveyapp.models.base import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organiser",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organiser")),
        sa.UniqueConstraint("email_key", name="uq_organiser_email"),
    )
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("planned_rounds", sa.SmallInteger(), nullable=False),
        sa.Column("smallest_group", sa.SmallInteger(), nullable=False),
        sa.Column("time_grain", sa.Text(), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.Column("questionnaire_number", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("time_grain IN ('minute', 'hour', 'day')", name=op.f("ck_study_time_grain_known")),
        sa.CheckConstraint("smallest_group >= 3", name=op.f("ck_study_smallest_group_floor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
        sa.UniqueConstraint("slug", name="uq_study_slug"),
    )
    op.create_table(
        "throttle",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("window_start", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "subject", "window_start", name=op.f("pk_throttle")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_audit_entry_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_study", ["study_id", "id"], unique=False)

    op.create_table(
        "cell",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_cell_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", "number", name=op.f("pk_cell")),
        sa.UniqueConstraint(
            "study_id", "question", "item", "item_version", "context", "criterion", "part", name="uq_cell_key"
        ),
    )
    op.create_table(
        "item_version",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("questionnaire_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_item_version_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", "item", "version", name=op.f("pk_item_version")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("run_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_job_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("key", name="uq_job_key"),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_due", ["done_at", "run_at"], unique=False)

    op.create_table(
        "membership",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organiser_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'organiser')", name=op.f("ck_membership_role_known")),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], name="fk_membership_organiser", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_membership_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", "organiser_id", name=op.f("pk_membership")),
    )
    op.create_table(
        "panellist",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", UtcDateTime(), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('invited', 'declined', 'not_me', 'withdrawn')", name=op.f("ck_panellist_state_known")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_panellist_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", "id", name=op.f("pk_panellist")),
        sa.UniqueConstraint("study_id", "pseudonym", name="uq_panellist_pseudonym"),
    )
    op.create_table(
        "questionnaire_version",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name="fk_questionnaire_version_study", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", "number", name=op.f("pk_questionnaire_version")),
    )
    op.create_table(
        "round",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("questionnaire_number", sa.Integer(), nullable=False),
        sa.Column("opens_at", UtcDateTime(), nullable=True),
        sa.Column("closes_at", UtcDateTime(), nullable=True),
        sa.Column("closing_at", UtcDateTime(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'scheduled', 'open', 'closed', 'released', 'cancelled')",
            name=op.f("ck_round_state_known"),
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_round_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", "number", name=op.f("pk_round")),
    )
    op.create_table(
        "identity",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            name="fk_identity_panellist",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "panellist_id", name=op.f("pk_identity")),
        sa.UniqueConstraint("study_id", "email_key", name="uq_identity_email"),
    )
    op.create_table(
        "invitation",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            name="fk_invitation_panellist",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "panellist_id", "number", name=op.f("pk_invitation")),
        sa.UniqueConstraint("study_id", "token_hash", name="uq_invitation_token_hash"),
    )
    op.create_table(
        "participation",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("submitted_revision", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("submission", sa.SmallInteger(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(submission = 0) = (submitted_at IS NULL)", name=op.f("ck_participation_submitted_has_time")
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            name="fk_participation_panellist",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            name="fk_participation_round",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "round", "panellist_id", name=op.f("pk_participation")),
    )
    op.create_table(
        "web_session",
        sa.Column("id_hash", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=True),
        sa.Column("panellist_id", sa.BigInteger(), nullable=True),
        sa.Column("round", sa.SmallInteger(), nullable=True),
        sa.Column("organiser_id", sa.Integer(), nullable=True),
        sa.Column("csrf_secret", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(organiser_id IS NULL) = (panellist_id IS NOT NULL)", name=op.f("ck_web_session_one_person")
        ),
        sa.CheckConstraint(
            "(panellist_id IS NULL) = (round IS NULL)", name=op.f("ck_web_session_seat_has_round")
        ),
        sa.CheckConstraint(
            "(panellist_id IS NULL) = (study_id IS NULL)", name=op.f("ck_web_session_seat_whole")
        ),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], name="fk_web_session_organiser", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            name="fk_web_session_panellist",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_web_session")),
    )
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_session_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "answer",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("parts", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "CASE status WHEN 1 THEN (CASE WHEN value IS NULL THEN 0 ELSE 1 END) + (CASE WHEN text IS NULL THEN 0 ELSE 1 END) + (CASE WHEN parts IS NULL THEN 0 ELSE 1 END) = 1 WHEN 2 THEN value IS NULL AND text IS NULL AND parts IS NULL WHEN 3 THEN value IS NULL AND text IS NOT NULL AND parts IS NULL WHEN 4 THEN value IS NULL AND text IS NOT NULL AND parts IS NULL WHEN 5 THEN value IS NULL AND text IS NULL AND parts IS NULL WHEN 6 THEN value IS NOT NULL OR text IS NOT NULL OR parts IS NOT NULL ELSE FALSE END",
            name=op.f("ck_answer_status_fits_value"),
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "cell"], ["cell.study_id", "cell.number"], name="fk_answer_cell"
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            name="fk_answer_participation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "round", "panellist_id", "cell", name=op.f("pk_answer")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "late_draft",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            name="fk_late_draft_participation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "study_id", "round", "panellist_id", "request_id", name=op.f("pk_late_draft")
        ),
    )
    op.create_table(
        "save_receipt",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("submission", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            name="fk_save_receipt_participation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "study_id", "round", "panellist_id", "request_id", name=op.f("pk_save_receipt")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "submission",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("answer_count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("salt_seed", sa.Text(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            name="fk_submission_participation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "round", "panellist_id", "number", name=op.f("pk_submission")),
    )


def downgrade() -> None:
    op.drop_table("submission")
    op.drop_table("save_receipt")
    op.drop_table("late_draft")
    op.drop_table("answer")
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_web_session_expires_at"))

    op.drop_table("web_session")
    op.drop_table("participation")
    op.drop_table("invitation")
    op.drop_table("identity")
    op.drop_table("round")
    op.drop_table("questionnaire_version")
    op.drop_table("panellist")
    op.drop_table("membership")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_due")

    op.drop_table("job")
    op.drop_table("item_version")
    op.drop_table("cell")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_study")

    op.drop_table("audit_entry")
    op.drop_table("throttle")
    op.drop_table("study")
    op.drop_table("organiser")
