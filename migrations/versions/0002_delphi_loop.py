"""The Delphi loop: protocols, releases, reasons, decisions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveyapp.models.base import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Columns are added and dropped in place: to rebuild a table that others refer to would take their rows along.


def upgrade() -> None:
    op.create_table(
        "protocol_version",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("amended_because", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("locked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name="fk_protocol_version_study", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", "number", name=op.f("pk_protocol_version")),
    )
    op.create_table(
        "theme",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_theme_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", "id", name=op.f("pk_theme")),
    )
    op.create_table(
        "decision",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("proposed", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('keep', 'accept', 'drop', 'revise', 'split', 'merge', 'new', 'finalise')",
            name=op.f("ck_decision_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            name="fk_decision_round",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "round", "item", name=op.f("pk_decision")),
    )
    op.create_table(
        "lineage_edge",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("parent_item", sa.Text(), nullable=False),
        sa.Column("child_item", sa.Text(), nullable=False),
        sa.Column("parent_version", sa.Integer(), nullable=False),
        sa.Column("child_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_comparable", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'new') = (parent_item = '')", name=op.f("ck_lineage_edge_parent_unless_new")
        ),
        sa.CheckConstraint(
            "kind IN ('kept', 'accepted', 'dropped', 'revised', 'split', 'merged', 'new', 'finalised')",
            name=op.f("ck_lineage_edge_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            name="fk_lineage_edge_round",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "study_id", "round", "parent_item", "child_item", name=op.f("pk_lineage_edge")
        ),
    )
    op.create_table(
        "release",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("input_sha256", sa.Text(), nullable=False),
        sa.Column("submissions", sa.Integer(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(released_at IS NULL) = (released_by = '')", name=op.f("ck_release_released_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            name="fk_release_round",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "round", "number", name=op.f("pk_release")),
    )
    op.create_table(
        "summary_sentence",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            name="fk_summary_sentence_round",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "round", "item", "position", name=op.f("pk_summary_sentence")),
    )
    op.create_table(
        "proposal",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("grouped_as", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("handled_by", sa.Text(), nullable=False),
        sa.Column("handled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'unread') = (handled_at IS NULL)", name=op.f("ck_proposal_handled_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('unread', 'item', 'covered', 'set_aside')", name=op.f("ck_proposal_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            name="fk_proposal_participation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "study_id", "round", "panellist_id", "cell", "position", name=op.f("pk_proposal")
        ),
        sa.UniqueConstraint("study_id", "public_id", name="uq_proposal_public_id"),
    )
    op.create_table(
        "publication",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("release", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("members", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "release"],
            ["release.study_id", "release.round", "release.number"],
            name="fk_publication_release",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "study_id", "round", "release", "cell", "figure", name=op.f("pk_publication")
        ),
    )
    op.create_index("ix_publication_cell", "publication", ["study_id", "round", "cell"], unique=False)

    op.create_table(
        "reason",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("released_text", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("handled_by", sa.Text(), nullable=False),
        sa.Column("handled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'merged') = (merged_into <> '')", name=op.f("ck_reason_merged_into_one")
        ),
        sa.CheckConstraint(
            "(state = 'unread') = (handled_at IS NULL)", name=op.f("ck_reason_handled_has_time")
        ),
        sa.CheckConstraint(
            "state <> 'set_aside' OR because <> ''", name=op.f("ck_reason_set_aside_says_why")
        ),
        sa.CheckConstraint(
            "state IN ('unread', 'released', 'summarised', 'merged', 'set_aside')",
            name=op.f("ck_reason_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "cell"], ["cell.study_id", "cell.number"], name="fk_reason_cell"
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            name="fk_reason_participation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "round", "panellist_id", "cell", name=op.f("pk_reason")),
        sa.UniqueConstraint("study_id", "public_id", name="uq_reason_public_id"),
    )
    op.create_index("ix_reason_item", "reason", ["study_id", "round", "item"], unique=False)

    op.create_table(
        "coded_reason",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("coder", sa.Text(), nullable=False),
        sa.Column("coded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id", "cell"],
            ["reason.study_id", "reason.round", "reason.panellist_id", "reason.cell"],
            name="fk_coded_reason_reason",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "study_id", "round", "panellist_id", "cell", "coder", name=op.f("pk_coded_reason")
        ),
    )
    op.create_table(
        "reaction",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("stance", sa.Text(), nullable=False),
        sa.Column("marked_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("stance IN ('for_me', 'not_for_me')", name=op.f("ck_reaction_stance_known")),
        sa.ForeignKeyConstraint(
            ["study_id", "public_id"],
            ["reason.study_id", "reason.public_id"],
            name="fk_reaction_reason",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            name="fk_reaction_participation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "round", "panellist_id", "public_id", name=op.f("pk_reaction")),
    )
    op.create_table(
        "reason_theme",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("coder", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id", "cell"],
            ["reason.study_id", "reason.round", "reason.panellist_id", "reason.cell"],
            name="fk_reason_theme_reason",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "theme"], ["theme.study_id", "theme.id"], name="fk_reason_theme_theme"
        ),
        sa.PrimaryKeyConstraint(
            "study_id", "round", "panellist_id", "cell", "coder", "theme", name=op.f("pk_reason_theme")
        ),
    )
    op.create_table(
        "reply",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("reply_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("moderated_by", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'shown', 'hidden')", name=op.f("ck_reply_state_known")),
        sa.ForeignKeyConstraint(
            ["study_id", "public_id"],
            ["reason.study_id", "reason.public_id"],
            name="fk_reply_reason",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            name="fk_reply_participation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "study_id", "round", "panellist_id", "public_id", "reply_id", name=op.f("pk_reply")
        ),
    )
    op.create_table(
        "summary_source",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "public_id"],
            ["reason.study_id", "reason.public_id"],
            name="fk_summary_source_reason",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round", "item", "position"],
            [
                "summary_sentence.study_id",
                "summary_sentence.round",
                "summary_sentence.item",
                "summary_sentence.position",
            ],
            name="fk_summary_source_sentence",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "study_id", "round", "item", "position", "public_id", name=op.f("pk_summary_source")
        ),
    )
    op.add_column("answer", sa.Column("release", sa.SmallInteger(), server_default="0", nullable=False))

    op.add_column(
        "participation", sa.Column("earlier_rounds", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column(
        "participation", sa.Column("variant", sa.Text(), server_default=sa.text("''"), nullable=False)
    )

    op.add_column(
        "participation", sa.Column("has_strays", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(
        "UPDATE participation SET has_strays = true WHERE submission > 0 AND (SELECT s.answer_count FROM submission s"
        " WHERE s.study_id = participation.study_id AND s.round = participation.round"
        " AND s.panellist_id = participation.panellist_id AND s.number = participation.submission)"
        " <> (SELECT count(*) FROM answer a WHERE a.study_id = participation.study_id"
        " AND a.round = participation.round AND a.panellist_id = participation.panellist_id)"
    )
    op.add_column("round", sa.Column("protocol_number", sa.Integer(), server_default="0", nullable=False))
    op.add_column("round", sa.Column("cohort", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column(
        "round",
        sa.Column(
            "open_to",
            sa.Text(),
            sa.CheckConstraint(
                "open_to IN ('invited', 'any_earlier', 'previous')", name=op.f("ck_round_open_to_known")
            ),
            server_default=sa.text("'invited'"),
            nullable=False,
        ),
    )
    op.add_column("round", sa.Column("plan", sa.Text(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("round", sa.Column("shows_round", sa.SmallInteger(), nullable=True))
    op.add_column("round", sa.Column("released_at", UtcDateTime(), nullable=True))

    op.add_column("study", sa.Column("protocol_number", sa.Integer(), server_default="0", nullable=False))

    op.add_column(
        "submission", sa.Column("admitted_because", sa.Text(), server_default=sa.text("''"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("submission", "admitted_because")
    op.drop_column("study", "protocol_number")
    op.drop_column("round", "released_at")
    op.drop_column("round", "shows_round")
    op.drop_column("round", "plan")
    op.drop_column("round", "open_to")
    op.drop_column("round", "cohort")
    op.drop_column("round", "protocol_number")
    op.drop_column("participation", "has_strays")
    op.drop_column("participation", "variant")
    op.drop_column("participation", "earlier_rounds")
    op.drop_column("answer", "release")
    op.drop_table("summary_source")
    op.drop_table("reply")
    op.drop_table("reason_theme")
    op.drop_table("reaction")
    op.drop_table("coded_reason")
    op.drop_table("reason")
    op.drop_table("publication")
    op.drop_table("proposal")
    op.drop_table("summary_sentence")
    op.drop_table("release")
    op.drop_table("lineage_edge")
    op.drop_table("decision")
    op.drop_table("theme")
    op.drop_table("protocol_version")
