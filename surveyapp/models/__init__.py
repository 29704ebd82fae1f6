"""The tables. The model files are the data dictionary: each column has its meaning above it."""

from surveyapp.models.answer import Answer, LateDraft, Participation, SaveReceipt, Submission
from surveyapp.models.base import Base, UtcDateTime, database_now
from surveyapp.models.operation import AuditEntry, Job
from surveyapp.models.people import (
    Identity,
    Invitation,
    Membership,
    Organiser,
    Panellist,
    Throttle,
    WebSession,
)
from surveyapp.models.study import Cell, ItemVersion, QuestionnaireVersion, Round, Study

__all__ = [
    "Answer",
    "AuditEntry",
    "Base",
    "Cell",
    "Identity",
    "Invitation",
    "ItemVersion",
    "Job",
    "LateDraft",
    "Membership",
    "Organiser",
    "Panellist",
    "Participation",
    "QuestionnaireVersion",
    "Round",
    "SaveReceipt",
    "Study",
    "Submission",
    "Throttle",
    "UtcDateTime",
    "WebSession",
    "database_now",
]
