"""When a figure may be renewed: only when enough people's answers changed since it was last shown.

A figure that followed each answer would tell, by what changed, what the last one answered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from surveyapp.delphi.privacy.ledger import Panellist, Version


def changed_since(
    published: Mapping[Panellist, Version], now: Mapping[Panellist, Version]
) -> frozenset[Panellist]:
    """Whose answer in a cell is not the one that the last publication stood on.

    `published` and `now` say for each panellist which version of the answer counted and counts. First
    answers, changed ones and withdrawn ones are all changes; somebody who changed twice is one person.
    """
    return frozenset(
        panellist
        for panellist in published.keys() | now.keys()
        if published.get(panellist) != now.get(panellist)
    )


def is_due(changed: Collection[Panellist], *, k: int, batch: int = 0) -> bool:
    """Whether a cell's figure may be renewed: at least `k` people changed, or `batch` where that is more.

    The ledger still decides for each group, since few of one group may be among the many.
    """
    return len(set(changed)) >= max(k, batch)
