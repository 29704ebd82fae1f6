"""How reasons of an earlier round were marked stands beside the item, as the release tells it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from surveyapp.delphi.feedback import ReleaseContent, ShownMarks, ShownReason
from surveyapp.models import Release
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.expert.conftest import Expert


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_marks_of_a_release_stand_beside_the_item(client: JudgingClient, second_round: Ground) -> None:
    def marks(text: str, context: str = "", **told: object) -> ShownMarks:
        reason = ShownReason(id=f"R-{text}", item="apples", context=context, text=text)
        return ShownMarks.model_validate({"of_round": 0, "reason": reason, **told})

    with second_round.database.verb() as session:
        release = session.scalars(select(Release)).one()
        content = ReleaseContent.from_canonical(release.content)
        told = (
            marks("They <rot>.", n=6, for_me=2, not_for_me=4),
            marks("They keep.", "north", n=9, for_me=5, not_for_me=4),
            marks("Far away.", "south", n=9, for_me=5, not_for_me=4),
            marks("All say so.", n=12, at_least=90, mostly="for_me"),
            marks("Nobody says so.", n=12, at_least=90, mostly="not_for_me"),
        )
        content = content.model_copy(update={"marks": told})
        release.content, release.content_sha256 = content.canonical(), content.sha256()
    expert = Expert(client, second_round, 1)
    expert.consent()
    page = client.get("/s/every-kind/p/rate.north")
    [block] = [each for each in page.find_all("details") if "How reasons were marked" in page.words_of(each)]
    assert [page.words_of(each) for each in block.iter("li")] == [
        "All say so.It speaks for at least 90% of the 12 who marked it.",
        "They keep.It speaks for 5 of the 9 who marked it.",
        "They <rot>.It speaks for 2 of the 6 who marked it.",
        "Nobody says so.At least 90% of the 12 who marked it say: not for me.",
    ]
