// Several lines of one answer: those that are written and one more are shown, so that a short list looks short.

export function startLines(form) {
  for (const set of form.querySelectorAll("fieldset[data-lines]")) {
    const lines = [...set.querySelectorAll("input[type=text]")];
    const show = () => {
      const written = lines.findLastIndex((line) => line.value.trim());
      // Whoever empties a line goes on standing in it.
      const last = Math.max(written + 1, lines.indexOf(document.activeElement));
      for (const [position, line] of lines.entries()) line.hidden = position > last;
    };
    set.addEventListener("input", show);
    form.addEventListener("answered", show);
    show();
  }
}
