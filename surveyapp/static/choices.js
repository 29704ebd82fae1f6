// Choices with a most, and options that stand alone. The server decides; this only tells early.

export function startChoices(form) {
  for (const set of form.querySelectorAll("fieldset[data-cell]")) {
    const boxes = [...set.querySelectorAll("input[type=checkbox]")];
    const places = [...set.querySelectorAll("input[data-item]")];
    if (!boxes.length && !places.length) continue;
    const most = Number(set.dataset.most || 0);
    const line = set.querySelector("[data-chosen]");
    const show = () => {
      const chosen = [...boxes.filter((box) => box.checked), ...places.filter((place) => place.value.trim())].length;
      if (line) line.textContent = form.dataset.chosen.replace("{n}", String(chosen));
    };
    set.addEventListener("change", (event) => {
      const box = event.target;
      if (box.type !== "checkbox" || !box.checked) return show();
      const isAlone = box.dataset.alone !== undefined;
      for (const other of boxes) if (other !== box && (isAlone || other.dataset.alone !== undefined)) other.checked = false;
      if (most && boxes.filter((each) => each.checked).length > most) {
        box.checked = false;
        if (line) line.textContent = form.dataset.full.replace("{n}", String(most));
        return undefined;
      }
      return show();
    }, { capture: true });
    show();
  }
}
