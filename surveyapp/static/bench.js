// Single keys on the bench of reasons: only while somebody has switched them on, and never while typing.
const box = document.querySelector(".keys");
const keys = document.getElementById("keys");
const bulk = document.getElementById("bulk");
const help = document.getElementById("key-help");
const KEPT = "surveyapp-bench-keys";

const reasons = () => [...document.querySelectorAll("article.reason")];
const here = () => document.activeElement?.closest("article.reason") ?? null;
let sentence = null;

document.addEventListener("focusin", (event) => {
  const field = event.target.closest?.("fieldset.sentence");
  if (field) sentence = field;
});

function go(step) {
  const all = reasons();
  const place = all.indexOf(here());
  const next = all[place < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(place + step, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function boxOf(reason) {
  return reason?.querySelector("input[name=reasons]") ?? null;
}

// Without any chosen, the one that has the focus is meant.
function chooseHere() {
  const chosen = reasons().some((each) => boxOf(each)?.checked);
  if (!chosen && here()) boxOf(here()).checked = true;
  return chosen || here() !== null;
}

function press(act) {
  const button = bulk.querySelector(`button[value="${act}"]`);
  if (button && chooseHere()) bulk.requestSubmit(button);
}

function link() {
  const reason = here();
  const field = sentence ?? [...document.querySelectorAll("fieldset.sentence")].at(-1);
  if (!reason || !field) return;
  const sources = field.querySelector("input[name^=sources]");
  const names = sources.value.split(/[\s,]+/).filter(Boolean);
  if (!names.includes(reason.id)) sources.value = [...names, reason.id].join(" ");
}

const acts = {
  j: () => go(1),
  k: () => go(-1),
  x: () => boxOf(here())?.click(),
  r: () => press("release"),
  u: () => press("put-back"),
  c: () => press("code"),
  s: () => chooseHere() && document.getElementById("because").focus(),
  m: () => {
    if (here()) document.getElementById("into").value = here().id;
  },
  e: () => {
    const fold = here()?.querySelector("details.redact");
    if (!fold) return;
    fold.open = true;
    fold.querySelector("textarea").focus();
  },
  l: link,
};

if (box && keys && bulk) {
  box.hidden = false;
  keys.checked = localStorage.getItem(KEPT) === "on";
  help.hidden = !keys.checked;
  keys.addEventListener("change", () => {
    help.hidden = !keys.checked;
    localStorage.setItem(KEPT, keys.checked ? "on" : "off");
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select");
    if (!keys.checked || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
