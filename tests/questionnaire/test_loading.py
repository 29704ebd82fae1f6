"""Loading: every mistake is found at once, at its line and column, with what to write instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import Node

from surveyapp.errors import QuestionnaireError
from surveyapp.questionnaire.composing import compose
from surveyapp.questionnaire.loading import find_problems, load, load_text
from surveyapp.questionnaire.model import Rating

SHIPPED = Path(__file__).parents[2] / "questionnaires"
GOOD = """\
format: 1
id: good
version: "1"
languages: [en]
title: Good
scales:
  agreement:
    points:
      - {value: 1, label: No}
      - {value: 2, label: Yes}
    agreement: [2]
    disagreement: [1]
    opt_outs: [{id: dont-know, label: Don't know}]
criteria:
  helps: {title: Helps, scale: agreement}
contexts:
  regions:
    title: Regions
    members: [{id: coast, title: Coast}, {id: hills, title: Hills}]
taxonomies:
  kinds: {title: Kinds, version: "1", categories: {"1": Building}}
items:
  - {id: dikes, title: Dikes, definition: Walls., tags: [wall]}
  - {id: alarms, title: Alarms, categories: [{taxonomy: kinds, code: "1"}]}
groups: [{id: coast, title: Coast}, {id: experts, title: Experts}]
pages:
  - id: about
    title: About
    questions:
      - {id: role, kind: single_choice, text: Role?, options: [{id: a, label: A}, {id: b, label: B}]}
      - {id: known, kind: multiple_choice, text: Known?, options_from: regions, min: 1, max: 2}
  - id: region
    title: Region
    for_each: regions
    show_if: group == context or context in known
    questions:
      - {id: helps, kind: rating, text: Helps?, criteria: [helps]}
  - id: last
    title: Last
    questions:
      - {id: both, kind: combination, text: Both?, max: 2}
"""


def problems(text: str) -> list[str]:
    try:
        load_text("f.yaml", text.encode(), SHIPPED)
    except QuestionnaireError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_the_good_one_is_good() -> None:
    assert problems(GOOD) == []


# What is written instead of what; ‸ stands where the problem must be reported.
MISTAKES = [
    ("title: Good", "‸titel: Good", "“titel” is not known here; did you mean “title”?"),
    ('version: "1"\nlang', "version: ‸1.0\nlang", "a text is due here, not 1.0; put it in quotes"),
    ("id: good", "id: ‸Good One", "“Good One” cannot be an id"),
    ("format: 1", "format: ‸7", "7 cannot stand here; write 1"),
    ("[en]", "[‸english]", "“english” is not a language code"),
    ("[en]", "[en, ‸en]", "the language “en” stands here a second time"),
    ("[en]", "‸en", "a list is due here, not “en”"),
    ("title: Good", "‸title:", "nothing stands here"),
    ("title: Good", "title: ‸''", "the text is empty"),
    ("title: Good", "title: {en: Good, ‸de: Gut}", "the language “de” is not declared"),
    ("value: 2", "value: ‸1", "1 does not follow 1"),
    ("value: 2", "value: ‸'2'", "a whole number is due here"),
    ("value: 2", "value: ‸true", "a whole number is due here, not true"),
    ("label: Yes", "label: ‸No", "the label “No” stands here a second time"),
    ("agreement: [2]", "agreement: [‸3]", "3 is not a point of this scale"),
    ("agreement: [1]", "agreement: [‸2]", "2 counts as agreement already"),
    ("Don't know}", "Don't know, means: ‸maybe}", "write dont_know or declined"),
    ("scale: agreement", "scale: ‸agrement", "did you mean “agreement”?"),
    ("{title: Helps, s", '{title: Helps, statement: ‸"{x}", s', "only {context} is replaced"),
    ("id: hills", "id: ‸coast", "the id “coast” stands here a second time"),
    ("  regions:\n    title: Regions", "  ‸groups:\n    title: R", "“groups” means the groups"),
    ("taxonomy: kinds", "taxonomy: ‸kind", "did you mean “kinds”?"),
    ('code: "1"', 'code: ‸"2"', "there is no category in kinds “2”; known are 1"),
    ("id: alarms", "id: ‸dikes", "the id “dikes” stands here a second time"),
    ("title: Alarms", "title: ‸' DIKES'", "the same as that of item 1"),
    ("title: Alarms,", "title: Alarms, definition: ‸walls.,", "the same as that of item 1"),
    ("id: experts", "id: ‸coast", "the id “coast” stands here a second time"),
    ("id: last", "id: ‸about", "the id “about” stands here a second time"),
    ("id: both", "id: ‸role", "the id “role” stands here a second time"),
    ("id: both", "id: ‸tags", "a meaning of its own"),
    ("kind: combination", "kind: ‸combo", "is no kind of question; did you mean “combination”?"),
    ("{id: both, kind: combination, ", "‸{id: both, ", "“kind” is missing"),
    ("Both?, max: 2", "Both?, max: 2, ‸decimals: 1", "“decimals” belongs to number, not to combination"),
    ("Both?, max: 2", "Both?, max: ‸3", "up to 3 are to be chosen of 2 items"),
    ("Both?, max: 2", "Both?, max: ‸0", "0 is too small; the least is 1"),
    ("Both?, max", "Both?, min: ‸3, max", "min 3 is more than max 2"),
    ("Both?, max", "Both?, items: [dikes, ‸alarm], max", "did you mean “alarms”?"),
    ("Both?, max: 2", "Both?, tagged: ‸wal, max: 1", "did you mean “wall”?"),
    ("min: 1, max: 2", "min: ‸3", "at least 3 are to be chosen of 2 options"),
    ("options_from: regions", "options_from: ‸region", "did you mean “regions”?"),
    ("- {id: role, ki", "- ‸{id: role, options_from: none, ki", None),
    ("{id: b, label: B}", "{id: ‸a, label: B}", "the option “a” stands here a second time"),
    ("{id: b, label: B}", "{id: b, label: ‸A}", "the option “A” stands here a second time"),
    ("for_each: regions", "for_each: ‸region", "did you mean “regions”?"),
    ("criteria: [helps]", "criteria: [‸help]", "did you mean “helps”?"),
    ("criteria: [helps]", "criteria: ‸[]", "at least 1 are needed"),
    ("[helps]}", "[helps], reason: none, reason_required: ‸true}", "where none is asked"),
    (
        "group == context or context in known",
        "‸context in knwn",
        "column 12 of the condition: there is no question",
    ),
    ("group == context or context in known", "‸context in helps", "asked on this same page"),
    ("group == context or context in known", "‸context in both", "asked on a later page"),
    (
        "group == context or context in known",
        "‸context in role",
        "takes a text on the left and a list on the",
    ),
    ("group == context or context in known", "‸known", "is a list of texts and not true or false by itself"),
    (
        "group == context or context in known",
        "‸group == 'expert'",
        "column 10 of the condition: “expert” is not",
    ),
    ("group == context or context in known", "‸group in ['coast', 'xx']", "“xx” is not possible here"),
    ("group == context or context in known", "‸group = 'experts'", "write == to compare"),
    ("group == context or context in known", "‸group == experts", "texts stand in quotes: 'experts'"),
    ("group == context or context in known", "‸group == context", "ever asked about the context “hills”"),
    ("title: Last", "title: Last\n    once: ‸true", "is asked anew in each round"),
    ("title: Last", "title: Last\n    show_if: ‸context == 'coast'", "only on a page with for_each"),
    (
        "title: Last",
        "title: Last\n    show_if: ‸helps == 1",
        "“helps” is answered once per context of “regions”",
    ),
    ("groups: [{id: coast, title: Coast}, {id: experts, title: Experts}]\n", "", None),
]


@pytest.mark.parametrize(("old", "new", "says"), MISTAKES)
def test_one_mistake_is_one_problem(old: str, new: str, says: str | None) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    before, _, after = text.partition("‸")
    found = problems(before + after)
    if says is None:
        assert found
        return
    place = f"f.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "
    mine = [problem for problem in found if problem.startswith(place)]
    assert len(mine) == 1, found
    assert says in mine[0]
    # Only what follows from the mistake may come with it.
    assert len(found) <= 3, found


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("", "1:1", "the file is empty"),
        ("# nothing\n", "1:1", "the file is empty"),
        ("- a\n- b\n", "1:1", "must be a mapping"),
        ("format: 1\nformat: 1\n", "2:1", "“format” stands here a second time"),
        ("a: &x 1\nb: *x\n", "2:4", "aliases (*name) are not read"),
        ("a:\n\t- b\n", "2:1", "indent with spaces"),
        ("a: b: c\n", "1:5", "a colon is not expected here"),
        ('a: "b\n', "2:1", "a text in quotes is not closed"),
        ("a: [1, 2\nb: 3\n", "2:2", ""),
        ("a: 1\n---\nb: 2\n", "2:1", "a second document"),
        ("a: @b\n", "1:4", "put it in quotes"),
        ("a: \x07\n", "1:4", "a control character"),
        ("? [a]\n: b\n", "1:3", "a key must be a plain word"),
    ],
)
def test_what_is_no_questionnaire(text: str, place: str, says: str) -> None:
    found = problems(text)
    assert any(problem.startswith(f"f.yaml:{place}: ") and says in problem for problem in found), found


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing = find_problems(tmp_path / "none.yaml")
    assert "none.yaml: the file cannot be read" in str(missing[0])
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("format: 1\ntitle: Zürich\n".encode("latin-1"))
    assert str(find_problems(latin)[0]) == (
        "latin.yaml:2:1: a character here is not UTF-8; save the file as UTF-8"
    )
    large = tmp_path / "large.yaml"
    large.write_bytes(b"# " + b"x" * 1_000_000)
    assert "up to 1 MB is read" in str(find_problems(large)[0])
    deep = tmp_path / "deep.yaml"
    deep.write_text("a: " + "[" * 300 + "]" * 300)
    assert find_problems(deep)
    marked = tmp_path / "marked.yaml"
    marked.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(marked) == load_text("f.yaml", GOOD.encode(), tmp_path)


def test_plain_words_of_yaml_1_2_are_texts() -> None:
    text = GOOD.replace("label: No}", "label: no}").replace("label: Yes}", "label: 2026-01-31}")
    scale = load_text("f.yaml", text.encode(), SHIPPED).scales["agreement"]
    assert [point.label.get("en") for point in scale.points] == ["no", "2026-01-31"]


def test_all_problems_at_once_and_in_order() -> None:
    """Mistakes of every sort in one file: none hides another."""
    text = GOOD
    for old, new in (
        ("format: 1", "format: 2"),
        ("title: Good", "titel: Good"),
        ("value: 2", "value: '2'"),
        ("scale: agreement", "scale: agrement"),
        ("id: alarms, title: Alarms", "id: alarms, titel: Alarms"),
        ("kind: rating", "kind: rateing"),
        ("for_each: regions", "for_each: region"),
        ("Both?, max: 2", "Both?, items: [dike, alarms], max: 2"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    lines = [int(problem.split(":")[1]) for problem in problems(text)]
    # The missing titles of line 5 and 24 are told at the beginning of the file and of the item.
    assert lines == [1, 1, 5, 10, 15, 24, 24, 34, 37, 41]
    # “alarms” was refused elsewhere: that it is therefore missing here is no news.
    assert not [problem for problem in problems(text) if "no item “alarms”" in problem]


def test_missing_translations() -> None:
    text = GOOD.replace("[en]", "[en, de]").replace("title: Good", "title: {en: Good}")
    found = problems(text)
    assert "f.yaml:5:8: this text is missing in de; add it" in found
    plain = [problem for problem in found if "in one language" in problem]
    assert len(plain) == len(found) - 1
    everywhere = 'format: 1\nid: x\nversion: "1"\nlanguages: [en, de]\ntitle: {"*": CBRN}\npages:\n'
    everywhere += "  - id: p\n    title: {en: A, de: B}\n"
    everywhere += "    questions: [{id: q, kind: long_text, text: {en: A, de: B}}]\n"
    assert problems(everywhere) == []


def test_a_statement_with_context_needs_one() -> None:
    text = GOOD.replace("{title: Helps, ", '{title: Helps, statement: "In {context}.", ')
    assert problems(text) == []
    alone = text.replace("    for_each: regions\n    show_if: group == context or context in known\n", "")
    assert problems(alone) == [
        "f.yaml:35:60: the statement of “helps” names {context}, but this page has no for_each; add it"
    ]
    practice = text + "practice: {title: Try, criterion: helps}\n"
    assert "the practice item has no context" in problems(practice)[0]


def test_nobody_comes() -> None:
    closed = GOOD.replace("title: Last", "title: Last\n    show_if: group == 'coast' and group == 'experts'")
    assert problems(closed) == [
        "f.yaml:40:14: nobody of any group can ever come to this page; change the condition"
    ]
    hidden = GOOD.replace("text: Both?,", "text: Both?, show_if: 'false',")
    assert "nobody of any group can ever be asked this question" in problems(hidden)[0]


def test_items_by_tag() -> None:
    text = GOOD.replace("criteria: [helps]}", "criteria: [helps], tagged: wall}")
    questionnaire = load_text("f.yaml", text.encode(), SHIPPED)
    question = questionnaire.questions_by_id["helps"]
    assert isinstance(question, Rating)
    assert [item.id for item in questionnaire.items_of(question)] == ["dikes"]


def alike(one: Node | None, other: Node | None) -> bool:
    if one is None or other is None:
        return one is other
    same = (
        type(one) is type(other)
        and one.tag == other.tag
        and (one.start_mark.line, one.start_mark.column) == (other.start_mark.line, other.start_mark.column)
    )
    if not same or isinstance(one.value, str):
        return bool(same and one.value == other.value)
    flat = [
        [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
        for node in (one, other)
    ]
    return len(flat[0]) == len(flat[1]) and all(map(alike, *flat))


def composed(read: object, text: str) -> Node | str | None:
    assert callable(read)
    try:
        node: Node | None = read(text)
    except YAMLError:
        return "refused"
    return node


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda path: path.name)
def test_reading_faster_reads_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert alike(compose(text), YAML(typ="safe", pure=True).compose(text))


FLOW = ["{", "}", "[", "]", ", ", "'", '"', "?"]
BLOCKS = ["|\n  ", ">-\n  ", "- ", "---", "- a: b", "a: b", "\n", "\n  ", "\n    ", "\n\n"]
WORDS = ["a", "key", ": ", ":", "one two", "#", " # x", "1", "é", "no", "\u2028", "\ufeff"]
pieces = st.sampled_from([*FLOW, *BLOCKS, *WORDS])


@given(st.lists(pieces, max_size=14).map("".join))
def test_reading_faster_reads_the_same_of_anything(text: str) -> None:
    own, library = composed(compose, text), composed(YAML(typ="safe", pure=True).compose, text)
    if isinstance(own, str) or isinstance(library, str):
        assert own == library
    else:
        assert alike(own, library)


@given(st.text(max_size=60))
def test_anything_at_all_is_refused_politely(text: str) -> None:
    content = text.encode("utf-8", "replace")
    with pytest.raises(QuestionnaireError) as caught:
        load_text("f.yaml", content, SHIPPED)
    assert all(problem.where.startswith("f.yaml") for problem in caught.value.problems)


@given(
    st.integers(0, len(GOOD) - 1),
    st.integers(1, 60),
    st.sampled_from(["", "x", "[", ": ", "- ", "\n", "1", "''"]),
)
def test_a_damaged_file_is_refused_politely_or_still_good(start: int, length: int, instead: str) -> None:
    text = GOOD[:start] + instead + GOOD[start + length :]
    for problem in problems(text):
        assert re.match(r"f\.yaml:\d+:\d+: .", problem)


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"[\n"])
def test_brackets_without_end_are_refused_where_they_grow_too_deep(opening: bytes) -> None:
    with pytest.raises(QuestionnaireError, match="too deep"):
        load_text("x.yaml", opening * (900_000 // len(opening)), Path())
