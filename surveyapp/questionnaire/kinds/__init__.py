"""The registry of question kinds: what a questionnaire can ask, one file per kind.

A new kind is a model in `questionnaire.model`, a file here, a line below, a form field and a template
partial of the same name, and an example in ``questionnaires/examples/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from surveyapp.questionnaire.kinds.combination import CombinationKind
from surveyapp.questionnaire.kinds.consent import ConsentKind
from surveyapp.questionnaire.kinds.contract import Kind
from surveyapp.questionnaire.kinds.expertise import ExpertiseKind
from surveyapp.questionnaire.kinds.information import InformationKind
from surveyapp.questionnaire.kinds.long_text import LongTextKind
from surveyapp.questionnaire.kinds.multiple_choice import MultipleChoiceKind
from surveyapp.questionnaire.kinds.number import NumberKind
from surveyapp.questionnaire.kinds.proposals import ProposalsKind
from surveyapp.questionnaire.kinds.rating import RatingKind
from surveyapp.questionnaire.kinds.short_text import ShortTextKind
from surveyapp.questionnaire.kinds.single_choice import SingleChoiceKind

# A kind takes its own sort of question only; which one that is, the question's own `kind` says, and
# no static type can. Hence Any, here and nowhere else.
_ALL: Final[tuple[Kind[Any], ...]] = (
    InformationKind(),
    ConsentKind(),
    SingleChoiceKind(),
    MultipleChoiceKind(),
    ShortTextKind(),
    LongTextKind(),
    NumberKind(),
    ExpertiseKind(),
    RatingKind(),
    CombinationKind(),
    ProposalsKind(),
)

KINDS: Final[Mapping[str, Kind[Any]]] = MappingProxyType({kind.name: kind for kind in _ALL})

__all__ = ["KINDS", "Kind"]
