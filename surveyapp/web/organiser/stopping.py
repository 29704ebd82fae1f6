"""What the rule of stopping says after a round, as organisers read it: a person decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.errors import say
from surveyapp.services.stopping import AfterRound


@dataclass(frozen=True, slots=True)
class StoppingNote:
    """Whether the study ends after a round, by its protocol."""

    stops: bool
    sentences: tuple[str, ...]


def stopping_note(after: AfterRound | None) -> StoppingNote | None:
    """The note for one round; None where no protocol says anything."""
    if after is None:
        return None
    return StoppingNote(after.verdict.stops, tuple(_sentences(after)))


def _sentences(after: AfterRound) -> Iterator[str]:
    progress = after.progress
    yield say(after.verdict.because, _)
    yield _(
        "After round %(number)s: %(settled)s of %(items)s items settled, %(open)s open; "
        "%(stable)s stable when last rated.",
        number=after.number,
        items=progress.items,
        settled=progress.settled,
        open=progress.items - progress.settled,
        stable=progress.stable,
    )
    if after.as_proposed:
        yield ngettext(
            "%(num)s item is not decided yet and counts as the protocol proposes.",
            "%(num)s items are not decided yet and count as the protocol proposes.",
            after.as_proposed,
        )
    if after.verdict.stops:
        yield _("Whether the study ends here, a person decides: nothing ends by itself.")
