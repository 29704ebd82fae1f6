"""What a panel of given groups can be shown at all: for the organiser, before anybody is invited."""

from __future__ import annotations

from collections.abc import Mapping

from surveyapp.delphi.privacy.rules import PrivacyRules
from surveyapp.delphi.privacy.suppression import choose_groups
from surveyapp.errors import Sentence


def warnings_for(sizes: Mapping[str, int], rules: PrivacyRules, *, without_group: int = 0) -> list[Sentence]:
    """What organisers should know of a panel with so many people in each group, even if everybody answers."""
    total = sum(sizes.values()) + without_group
    if total < rules.k:
        return [
            Sentence(
                "The panel has {n} people and figures are shown from {k}, so experts will see no figures, "
                "only their own answers. Invite more experts.",
                n=total,
                k=rules.k,
            )
        ]
    chosen = choose_groups(total, sizes, rules.k)
    found = []
    for group, size in sorted(sizes.items()):
        if group in chosen or not size:
            continue
        if size < rules.k:
            what = "The group {group} has {n} people and figures are shown from {k}: it will never be shown."
        else:
            what = (
                "The group {group} has {n} people, but cannot be shown either: what is left over beside it "
                "would tell of fewer than {k} people."
            )
        found.append(Sentence(what, group=group, n=size, k=rules.k))
    return found
