"""Scales with few and many points, with short and long labels."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from surveyapp.web.expert.scales import spread


@pytest.mark.parametrize(
    ("labels", "stands"),
    [
        (["No", "Yes"], "usual"),
        ([str(number) for number in range(11)], "usual"),
        (["Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree", "Don't know"], "usual"),
        (["Stimme größtenteils zu"] * 6, "broad"),
        (["Stimme größtenteils zu"] * 9, "listed"),
        (
            ["Ja", "Donaudampfschifffahrtsgesellschaftskapitän", "Rechtsschutzversicherungsgesellschaften"],
            "broad",
        ),
        (["Donaudampfschifffahrtsgesellschaftskapitän"] * 3, "listed"),
    ],
)
def test_a_scale_stands_side_by_side_where_its_words_have_room(labels: list[str], stands: str) -> None:
    assert spread([Markup.escape(label) for label in labels]) == stands
