"""The tables. The model files are the data dictionary: each column has its meaning above it."""

from surveyapp.models.answer import Answer, LateDraft, Participation, SaveReceipt, Submission
from surveyapp.models.base import Base, UtcDateTime, database_now
from surveyapp.models.deciding import Decision, LineageEdge, Proposal, ProtocolVersion
from surveyapp.models.feedback import Publication, Reaction, Release, Reply
from surveyapp.models.message import LetterSetting, LetterText, LetterWish, OutboxMessage, ReminderRule
from surveyapp.models.operation import AuditEntry, Job
from surveyapp.models.panel import Erasure, NamesKept, Registration, SeatRequest
from surveyapp.models.people import (
    Identity,
    Invitation,
    Membership,
    Organiser,
    Panellist,
    Throttle,
    WebSession,
)
from surveyapp.models.reason import CodedReason, Reason, ReasonTheme, SummarySentence, SummarySource, Theme
from surveyapp.models.signing_in import OneTimeSecret, Passkey, RecoveryCode
from surveyapp.models.study import (
    Cell,
    DeletedStudy,
    ItemVersion,
    QuestionnaireVersion,
    Round,
    Study,
    WordingCorrection,
)

__all__ = [
    "Answer",
    "AuditEntry",
    "Base",
    "Cell",
    "CodedReason",
    "Decision",
    "DeletedStudy",
    "Erasure",
    "Identity",
    "Invitation",
    "ItemVersion",
    "Job",
    "LateDraft",
    "LetterSetting",
    "LetterText",
    "LetterWish",
    "LineageEdge",
    "Membership",
    "NamesKept",
    "OneTimeSecret",
    "Organiser",
    "OutboxMessage",
    "Panellist",
    "Participation",
    "Passkey",
    "Proposal",
    "ProtocolVersion",
    "Publication",
    "QuestionnaireVersion",
    "Reaction",
    "Reason",
    "ReasonTheme",
    "RecoveryCode",
    "Registration",
    "Release",
    "ReminderRule",
    "Reply",
    "Round",
    "SaveReceipt",
    "SeatRequest",
    "Study",
    "Submission",
    "SummarySentence",
    "SummarySource",
    "Theme",
    "Throttle",
    "UtcDateTime",
    "WebSession",
    "WordingCorrection",
    "database_now",
]
