// After a choice far from the panel, or far from one's own earlier one, a kind request for a reason. The server
// says the same on the saved page; this only says it at once.
import { read } from "./cells.js";

const KEEP = "=keep";

export function startReasonRequests(form, told) {
  const requests = new Map([...form.querySelectorAll("[data-ask]")].map((request) => [request.dataset.ask, request]));
  const ratingsOf = new Map();
  for (const [rating, request] of requests) {
    const beside = ratingsOf.get(request.dataset.reason) || [];
    ratingsOf.set(request.dataset.reason, [...beside, rating]);
  }
  form.addEventListener("answered", ({ detail: field }) => {
    const shown = requests.get(field);
    const wasHidden = shown?.hidden;
    for (const rating of ratingsOf.get(field) || [field]) show(form, requests.get(rating), rating);
    if (shown && wasHidden && !shown.hidden) told.textContent = shown.innerText;
    else if (shown?.hidden) told.textContent = "";
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-ask] a");
    const text = link && form.querySelector(link.hash);
    if (!text) return;
    event.preventDefault();
    const fold = text.closest("details");
    if (fold) fold.open = true;
    text.focus();
  });
}

function show(form, request, rating) {
  if (!request) return;
  const why = causeOf(form, request, rating);
  request.hidden = why === "";
  for (const each of request.querySelectorAll("[data-why]")) each.hidden = each.dataset.why !== why;
}

function causeOf(form, request, rating) {
  const { middle, step, reason, everyone } = request.dataset;
  const given = valueOf(form, rating);
  if (given === null || read(form, reason).some((text) => text.trim() !== "")) return "";
  if (everyone !== undefined) return "everyone";
  if (middle !== undefined && !middle.split(" ").includes(String(given))) return "outside";
  const before = earlierOf(form, rating);
  return step !== undefined && before !== undefined && Math.abs(given - Number(before)) > Number(step) ? "step" : "";
}

/** The point that is chosen or kept; null for no answer and for those apart from the scale. */
function valueOf(form, rating) {
  const [text] = read(form, rating);
  const kept = text === KEEP ? earlierOf(form, rating) : text;
  return kept !== undefined && /^-?\d+$/.test(kept) ? Number(kept) : null;
}

/** The own earlier point, which stands with the words “keep my answer”. */
const earlierOf = (form, rating) => form.querySelector(`#${rating} .keep [data-value]`)?.dataset.value;
