"""A protocol in plain language, sentence by sentence: for the command, the organiser's page and reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from surveyapp.delphi.collecting import only_collects
from surveyapp.delphi.consensus import rule_in_force
from surveyapp.delphi.grounds import cells_by_item, select
from surveyapp.delphi.protocol.model import ConsensusRule, Feedback, PlannedRound, Protocol, Selection
from surveyapp.delphi.rules.expression import figures
from surveyapp.delphi.rules.outcomes import read_outcome
from surveyapp.delphi.rules.telling import VERDICTS, Words, tell_condition, tell_outcome
from surveyapp.errors import Sentence
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.statistics.counts import Thirds, thirds


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences that belong together."""

    title: Sentence
    sentences: tuple[Sentence, ...]


def tell(
    protocol: Protocol, questionnaire: Questionnaire | None = None, language: str = ""
) -> tuple[Section, ...]:
    """All that `protocol` says, and what it leaves to what is usual; titles come from the `questionnaire`."""
    teller = _Teller(protocol, questionnaire, language)
    sections = (
        (Sentence("Rounds"), teller.rounds()),
        (Sentence("Consensus"), teller.consensus()),
        (Sentence("Stability and the end"), teller.end()),
        (Sentence("Decisions"), teller.decisions()),
        (Sentence("Counting"), teller.counting()),
        (Sentence("Feedback"), teller.feedback()),
        (Sentence("Anonymity"), teller.anonymity()),
        (Sentence("Reasons"), teller.reasons()),
    )
    return tuple(Section(title, tuple(sentences)) for title, sentences in sections)


@dataclass(frozen=True, slots=True)
class ToldRule:
    """One rule of consensus: its title, and what it says, sentence by sentence."""

    title: str
    sentences: tuple[Sentence, ...]


def tell_rules(protocol: Protocol, questionnaire: Questionnaire, language: str) -> Mapping[str, ToldRule]:
    """Rule → what it is called and says, as `tell` has it."""
    teller = _Teller(protocol, questionnaire, language)
    return {
        each.id: ToldRule(teller.title("rule", each.id), tuple(teller.rule(each)))
        for each in protocol.consensus
    }


_ASKS: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "proposals": Sentence("Round {number} collects items: experts propose what should be rated."),
        "all items": Sentence("Round {number} asks for ratings of all items."),
        "only open": Sentence("Round {number} asks for ratings of the items that are still open."),
    }
)
_LATER: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "all invited": Sentence("Everybody who was invited may take part in later rounds."),
        "answered any earlier round": Sentence(
            "Later rounds are for those who answered at least one round before."
        ),
        "answered the previous round": Sentence("Later rounds are for those who answered the round before."),
    }
)
_PROPOSALS: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "keep": Sentence("It is proposed to keep an item for the next round when {condition}."),
        "accept": Sentence("It is proposed to accept an item when {condition}."),
        "drop": Sentence("It is proposed to drop an item when {condition}."),
        "revise": Sentence("It is proposed to revise an item when {condition}."),
        "finalise": Sentence("It is proposed to finalise an item when {condition}."),
    }
)
_OF: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "valid": Sentence("Shares are taken of the valid ratings; “don't know” is not among them."),
        "answered": Sentence("Shares are taken of all who answered, “don't know” included."),
        "invited": Sentence("Shares are taken of all who were invited, also those who did not answer."),
    }
)
_LEVELS: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "attributed": Sentence("Organisers see who said what."),
        "confidential": Sentence(
            "Experts never see who said what; organisers with the right to identities can."
        ),
        "organiser-blind": Sentence(
            "No page, export, letter or log of organisers joins names and answers; one named custodian can, "
            "with a reason that is recorded."
        ),
    }
)
_ASKED: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "outside the middle half": Sentence(
            "After the choice, experts whose rating lies outside the middle half that they were shown are "
            "asked kindly for a reason."
        ),
        "everyone": Sentence("After the choice, everybody is asked kindly for a reason."),
        "nobody": Sentence("Nobody is asked for a reason in particular; there is always room for one."),
    }
)


class _Teller:
    def __init__(self, protocol: Protocol, questionnaire: Questionnaire | None, language: str) -> None:
        self.protocol = protocol
        self.questionnaire = questionnaire
        self.language = language
        self.words = Words(self.title)

    def title(self, sort: str, name: str) -> str:
        """The title of a rule, criterion, question, context or group; its id where none is known."""
        if sort == "rule":
            for each in self.protocol.consensus:
                if each.id == name and each.title is not None:
                    return each.title.get(self.language)
            return name
        asked = self.questionnaire
        if asked is None:
            return name
        language = (self.language, asked.language)
        if sort == "context" and name in asked.contexts_by_id:
            return asked.contexts_by_id[name].title.get(*language)
        if sort == "group":
            return {group.id: group.title.get(*language) for group in asked.groups}.get(name, name)
        if name in asked.criteria:
            return asked.criteria[name].title.get(*language)
        return name

    def rounds(self) -> Iterator[Sentence]:
        for each in self.protocol.rounds:
            yield Sentence(_ASKS[each.asks], number=each.number)
            if each.days_open is not None:
                yield Sentence(
                    "Round {number} is open for {days} days.", number=each.number, days=each.days_open
                )
            yield from self.live(each)
        yield _LATER[self.protocol.later_rounds]
        if only_collects(self.protocol.rounds[0].asks) and self.protocol.later_rounds != "all invited":
            yield Sentence(
                "Everybody who was invited may take part in round {number}, whether they proposed anything "
                "or not.",
                number=self.protocol.rating_rounds[0].number,
            )
        if self.protocol.cohorts == "overlapping":
            yield Sentence("Cohorts may overlap: one can be in a later round while another is in an earlier.")
        else:
            yield Sentence("One round is open at a time.")

    def live(self, each: PlannedRound) -> Iterator[Sentence]:
        if each.real_time is not None:
            yield Sentence(
                "Round {number} runs in real time: after the own first answer an expert sees the panel's "
                "figure, which is renewed whenever the answers of {batch} people have changed.",
                number=each.number,
                batch=each.real_time.batch,
            )

    def consensus(self) -> Iterator[Sentence]:
        for each in self.protocol.consensus:
            yield from self.rule(each)
        counting, limits = self.protocol.counting, self.protocol.limits
        yield Sentence(
            "With fewer than {n} ratings there is no verdict but “insufficient data”; within a group, with "
            "fewer than {n_in_group}.",
            n=counting.minimum_n,
            n_in_group=limits.minimum_in_group,
        )
        if self.protocol.groups.which is not None:
            groups = ", ".join(self.title("group", name) for name in self.protocol.groups.which)
            yield Sentence("Where groups are spoken of, these count: {groups}.", groups=groups)
        if self.protocol.groups.each_must_agree:
            yield Sentence("Every verdict must be reached in each group by itself.")

    def rule(self, each: ConsensusRule) -> Iterator[Sentence]:
        name = self.title("rule", each.id)
        rule = rule_in_force(self.protocol, each)
        yield from self.whom(name, each.for_)
        for arm in rule.arms:
            verdict = VERDICTS.get(arm.verdict, arm.verdict)
            if arm.condition is None:
                yield Sentence("“{rule}” says “{verdict}” otherwise.", rule=name, verdict=verdict)
                continue
            yield Sentence(
                "“{rule}” says “{verdict}” when {condition}.",
                rule=name,
                verdict=verdict,
                condition=tell_condition(arm.condition, self.words),
            )
        if rule.arms[-1].condition is not None:
            verdict = VERDICTS.get(rule.otherwise, rule.otherwise)
            yield Sentence("“{rule}” says “{verdict}” otherwise.", rule=name, verdict=verdict)
        named = {figure.name for condition in rule.conditions for figure in figures(condition)}
        if named & {"low", "middle", "high"}:
            for bands in self.bands(each.for_):
                yield Sentence(
                    "The thirds of the scale are {low}, {middle} and {high}.",
                    low=_span(bands.low),
                    middle=_span(bands.middle),
                    high=_span(bands.high),
                )

    def whom(self, name: str, selection: Selection) -> Iterator[Sentence]:
        if selection.criterion is not None:
            criterion = self.title("", selection.criterion)
            yield Sentence("“{rule}” is about ratings of “{criterion}”.", rule=name, criterion=criterion)
        if selection.question is not None:
            question = self.title("", selection.question)
            yield Sentence(
                "“{rule}” is about ratings in the question “{question}”.", rule=name, question=question
            )
        if selection.contexts is not None:
            contexts = ", ".join(self.title("context", context) for context in selection.contexts)
            yield Sentence("“{rule}” is about these contexts: {contexts}.", rule=name, contexts=contexts)

    def bands(self, selection: Selection) -> list[Thirds]:
        asked = self.questionnaire
        if asked is None:
            return []
        ratings = (cell for cells in cells_by_item(asked).values() for cell in cells.ratings)
        criteria = dict.fromkeys(cell.criterion for cell in select(ratings, selection))
        scales = dict.fromkeys(asked.criteria[name].scale for name in criteria)
        return [thirds([point.value for point in asked.scales[name].points]) for name in scales]

    def end(self) -> Iterator[Sentence]:
        stability = self.protocol.stability
        if stability is not None:
            yield Sentence(
                "The ratings of an item are stable when {condition}; only people who rated it in both rounds "
                "count, and with fewer than {pairs} of them there is no verdict.",
                condition=tell_condition(stability.read, self.words),
                pairs=stability.minimum_pairs,
            )
            yield Sentence("An item that was rated once is “not assessable”.")
        condition = self.protocol.stopping_condition
        if condition is not None:
            yield Sentence(
                "The study ends as soon as {condition}.", condition=tell_condition(condition, self.words)
            )
        yield Sentence("Otherwise it ends after round {number}.", number=self.protocol.last_round)

    def decisions(self) -> Iterator[Sentence]:
        for each in self.protocol.decisions:
            condition = tell_outcome(read_outcome(each.when), self.words)
            yield Sentence(_PROPOSALS[each.propose], condition=condition)
        if len(self.protocol.decisions) > 1:
            yield Sentence("The first of these conditions that holds counts.")
        yield Sentence("In all other cases it is proposed to keep it. A person decides on every item.")

    def counting(self) -> Iterator[Sentence]:
        counting = self.protocol.counting
        yield _OF[counting.denominator]
        yield Sentence("Quantiles are of type {kind} after Hyndman and Fan.", kind=counting.quantile_type)
        if counting.partial_answers:
            yield Sentence("Answers count also where others of the same submission were left blank.")
        else:
            yield Sentence("Answers count only from submissions without blanks.")

    def feedback(self) -> Iterator[Sentence]:
        yield from self.shown(Sentence("From the second round of ratings on"), self.protocol.feedback)
        for each in self.protocol.rounds:
            if each.feedback is not None:
                yield from self.shown(Sentence("In round {number}", number=each.number), each.feedback)
        for variant in self.protocol.variants:
            name = variant.id if variant.title is None else variant.title.get(self.language)
            yield from self.shown(
                Sentence(
                    "For {share} of the panel, drawn by lot (“{name}”)",
                    share=variant.share.replace("%", " %"),
                    name=name,
                ),
                variant.feedback,
            )
        if self.protocol.settled_results == "at the end":
            yield Sentence("Results of items that are settled are shown at the end.")
        else:
            yield Sentence("Results of items that are settled are shown in the next round.")

    def shown(self, when: Sentence, feedback: Feedback) -> Iterator[Sentence]:
        parts = [
            Sentence("the own earlier answer") if feedback.own_answer else None,
            Sentence("how often each point was chosen") if feedback.distribution else None,
            Sentence("the median and the middle half") if feedback.quartiles else None,
            Sentence("reasons") if feedback.reasons else None,
            Sentence("summaries of the reasons") if feedback.summaries else None,
        ]
        named = [part for part in parts if part is not None]
        if not named:
            yield Sentence("{when}, experts are shown nothing of the round before.", when=when)
            return
        said = named[0]
        for part in named[1:]:
            said = Sentence("{first}, {second}", first=said, second=part)
        yield Sentence("{when}, experts are shown: {parts}.", when=when, parts=said)
        if feedback.of_groups == "own group":
            yield Sentence("The figures of the own group stand beside those of everybody.")
        elif feedback.of_groups == "all groups":
            yield Sentence("The figures of each group stand beside those of everybody.")

    def anonymity(self) -> Iterator[Sentence]:
        anonymity = self.protocol.anonymity
        yield _LEVELS[anonymity.level]
        yield Sentence("No figure of fewer than {k} people is shown.", k=anonymity.k)
        yield Sentence(
            "A reason carries the name of its group only where at least {k} people of the group answered.",
            k=anonymity.k_reasons,
        )
        if anonymity.unanimity == "show":
            yield Sentence("Where all of a group answered alike, this is shown.")
        else:
            yield Sentence("Where all of a group answered alike, “at least 90 %” is shown instead.")

    def reasons(self) -> Iterator[Sentence]:
        reasons = self.protocol.reasons
        yield _ASKED[reasons.ask]
        if reasons.step is not None:
            yield Sentence(
                "A change of {step} points or more since the own earlier answer asks for a reason as well.",
                step=reasons.step,
            )
        yield from self.discussion()

    def discussion(self) -> Iterator[Sentence]:
        discussion = self.protocol.discussion
        if discussion is None:
            yield Sentence("Experts do not discuss one another's reasons.")
            return
        if discussion.marks:
            yield Sentence("Experts may mark reasons of others as “speaks for me” or “not for me”.")
        if discussion.replies and discussion.moderated:
            yield Sentence("Experts may reply to reasons; an organiser reads each reply before others do.")
        elif discussion.replies:
            yield Sentence("Experts may reply to reasons; replies are shown at once.")


def _span(points: tuple[int, ...]) -> str:
    if not points:
        return "–"
    return str(points[0]) if len(points) == 1 else f"{points[0]}–{points[-1]}"
