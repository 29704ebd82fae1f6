"""Every page for everybody: axe-core, narrow windows, dark and forced colours, focus in sight."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.journeys import account_states, feedback_states
from tests.journeys.house import House, load_questionnaire
from tests.journeys.states import EXAMPLES, EXPERT_STATES, ORGANISER_STATES, State, Visit
from tests.support.browser import DESKTOP, PHONE, OpenPage

pytestmark = pytest.mark.browser

Axe = Callable[[Page], list[str]]
assert feedback_states.news is EXPERT_STATES["news"]  # which says that its states are among them
assert account_states.set_up is ORGANISER_STATES["set_up"]

NARROW = (320, 256)
"""What is left of 1280 pixels at 400 per cent: WCAG's own measure."""

UNFOLD = "() => document.querySelectorAll('details').forEach(fold => { fold.open = true; })"
OVERFLOWING = """() => {
  const mayScroll = '.sees, .prose table, .visually-hidden, .unseen, .tabs, [role=region]';
  const wide = [...document.querySelectorAll('body *')].filter(each => {
    const box = each.getBoundingClientRect();
    return box.width > 0 && box.right > innerWidth + 1 && !each.closest(mayScroll);
  });
  return [document.documentElement.scrollWidth, wide.slice(0, 3).map(each => each.outerHTML.slice(0, 120))];
}"""
OBSCURED = """() => {
  const isLaterRadio = each => each.type === 'radio' && each.form
    && [...each.form.elements].find(other => other.name === each.name) !== each;
  const isReached = each =>
    each.tabIndex >= 0 && !each.disabled && each.checkVisibility() && !isLaterRadio(each);
  const places = [[.5, .5], [.1, .2], [.9, .2], [.1, .8], [.9, .8]];
  const hidden = [];
  const all = document.querySelectorAll('a[href], button, input, textarea, summary, [tabindex]');
  for (const each of [...all].filter(isReached)) {
    each.focus();
    if (document.activeElement !== each) continue;
    const box = each.getBoundingClientRect();
    const isSeen = places.some(([x, y]) => {
      const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
      return top && (each.contains(top) || top.contains(each) || each.labels?.[0]?.contains(top));
    });
    if (!isSeen) hidden.push(each.outerHTML.slice(0, 120));
  }
  return hidden;
}"""

# What axe leaves to people: one h1, no level left out, names of tables and ways, legends, honest links.
MEANING = """() => {
  const all = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')];
  const seen = all.filter(each => each.checkVisibility());
  const levels = seen.map(each => Number(each.tagName[1]));
  const faults = [];
  if (levels.filter(each => each === 1).length !== 1) faults.push(`levels of headings: ${levels}`);
  levels.forEach((level, place) => {
    if (place && level > levels[place - 1] + 1)
      faults.push(`a level is left out: ${seen[place].textContent}`);
  });
  if (document.querySelectorAll('main').length !== 1) faults.push('not one main part');
  const named = 'section[aria-labelledby], [role=region][aria-label], figure, fieldset, details';
  for (const each of document.querySelectorAll('table'))
    if (!each.caption && !each.ariaLabel && !each.closest(named))
      faults.push(`a table without a name: ${each.textContent.slice(0, 60)}`);
  for (const each of document.querySelectorAll('thead th, tbody th'))
    if (!each.scope) faults.push(`a header of nothing: ${each.textContent}`);
  const shown = [...document.querySelectorAll('nav')].filter(each => each.checkVisibility());
  const ways = shown.map(each =>
    each.ariaLabel ?? document.getElementById(each.getAttribute('aria-labelledby'))?.textContent ?? '');
  if (new Set(ways).size < ways.length) faults.push(`ways of the same name: ${ways}`);
  for (const each of document.querySelectorAll('input[type=radio]'))
    if (!each.closest('fieldset')?.querySelector('legend'))
      faults.push(`a choice without a legend: ${each.name}`);
  const unheard = document.querySelector('.summary:not([role=alert], .reviewed *)');
  if (unheard) faults.push('a summary that nobody hears');
  if (document.querySelector('a[role=button]')) faults.push('a link that says it is a button');
  return faults;
}"""


def find_faults(page: Page, axe: Axe) -> list[str]:
    """What is wrong with a page as it stands: wide and light, then narrow, dark and unfolded."""
    faults = [f"wide: {fault}" for fault in [*axe(page), *page.evaluate(MEANING)]]
    faults += [f"wide: focus out of sight: {fault}" for fault in page.evaluate(OBSCURED)]
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    faults += [f"phone: focus out of sight: {fault}" for fault in page.evaluate(OBSCURED)]
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.emulate_media(color_scheme="dark")
    page.evaluate(UNFOLD)
    faults += [f"narrow and dark: {fault}" for fault in axe(page)]
    width, wide = page.evaluate(OVERFLOWING)
    if width > NARROW[0] or wide:
        faults.append(f"narrow: {width} pixels wide: {wide}")
    faults += [f"narrow: focus out of sight: {fault}" for fault in page.evaluate(OBSCURED)]
    return faults


def visit(house: House, page: OpenPage) -> Visit:
    return Visit(house, page, {"viewport": DESKTOP, "reduced_motion": "reduce", "color_scheme": "light"})


@pytest.mark.parametrize(
    "state", [pytest.param(state, id=name) for name, state in (EXPERT_STATES | ORGANISER_STATES).items()]
)
def test_a_page_has_no_finding(house: House, page: OpenPage, axe: Axe, state: State) -> None:
    assert find_faults(state(visit(house, page)), axe) == []


@pytest.mark.parametrize("example", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_every_kind_of_question_has_no_finding(house: House, page: OpenPage, axe: Axe, example: Path) -> None:
    questionnaire = load_questionnaire(example)
    group = next(iter(questionnaire.groups)).id if questionnaire.groups else ""
    slug = "example-" + example.stem.replace("_", "-")
    ground = house.open_study(questionnaire, slug=slug, groups=(group,))
    expert = visit(house, page).invite(group, ground)
    expert.enter()
    if "practice" in expert.page.url:
        expert.press("Go to the first page")
    assert find_faults(expert.page, axe) == []


@pytest.mark.parametrize(
    "name", ["landing", "page_background", "page_ratings", "review", "conflict", "page_that_asks_why"]
)
def test_forced_colours_hide_nothing(house: House, page: OpenPage, axe: Axe, name: str) -> None:
    shown = EXPERT_STATES[name](visit(house, page))
    shown.emulate_media(forced_colors="active")
    assert axe(shown) == []
    told_apart = shown.evaluate(
        """() => [...document.querySelectorAll('.opt')].map(option => {
          const style = getComputedStyle(option.querySelector('.pick'));
          return [option.querySelector('input').checked, style.backgroundColor + style.borderWidth];
        })"""
    )
    chosen = {look for is_chosen, look in told_apart if is_chosen}
    assert chosen.isdisjoint({look for is_chosen, look in told_apart if not is_chosen})


def test_the_checks_can_fail(house: House, page: OpenPage, axe: Axe) -> None:
    shown = EXPERT_STATES["page_consent"](visit(house, page))
    shown.evaluate(
        """() => {
          document.querySelector('fieldset legend').textContent = '';
          const bar = document.createElement('div');
          bar.style.cssText =
            'position:fixed;inset:0;inline-size:700px;background:#999;color:#aaa;z-index:99';
          bar.textContent = 'in the way';
          document.body.append(bar);
          document.querySelector('main').insertAdjacentHTML('beforeend',
            '<h4>Deep</h4><table><thead><tr><th>A</th></tr></thead></table><a role="button">Go</a>');
        }"""
    )
    faults = " ".join(find_faults(shown, axe))
    for expected in (
        *("color-contrast", "pixels wide", "focus out of sight", "a level is left out"),
        *("a table without a name", "a header of nothing", "a link that says it is a button"),
    ):
        assert expected in faults
