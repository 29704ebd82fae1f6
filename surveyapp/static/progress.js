// Progress of this page while it is being answered, and the way to the next blank.
import { hasAnswer } from "./cells.js";

const isCounted = (element) => element.tagName === "FIELDSET" || !(element.closest("details.reason") || element.classList.contains("other"));

export function startProgress(form, button) {
  const counted = [...form.querySelectorAll("[data-cell]")].filter(isCounted);
  const fieldOf = (element) => (/^a\d+/.exec(element.id || element.name) || [""])[0];
  const isBlank = (element) => !hasAnswer(form, fieldOf(element));
  const show = () => {
    const answered = counted.filter((element) => !isBlank(element)).length;
    for (const count of document.querySelectorAll("[data-step-now] [data-count]")) count.textContent = String(answered);
  };
  form.addEventListener("answered", show);
  show();
  button.addEventListener("click", () => {
    const after = counted.filter((element) => element.getBoundingClientRect().top > 4 && !element.contains(document.activeElement));
    const blank = after.find(isBlank) || counted.find(isBlank);
    if (!blank) return;
    const target = blank.matches("fieldset") ? blank.querySelector("input") : blank;
    target.focus({ preventScroll: true });
    blank.scrollIntoView({ block: "center" });
  });
}
