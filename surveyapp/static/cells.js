// Cells on a page: which element belongs to which, what it holds, and how to put something in.

export const elementOf = (form, field) => form.querySelector(`[data-cell]#${field}`) || form.querySelector(`#${field} [data-cell]`);

/** The field (`a12`) that an input belongs to; an input of an order is named `a12.item`. */
export const fieldOf = (input) => (/^a\d+/.exec(input.name || "") || [null])[0];

const inputsOf = (form, field) =>
  [...form.querySelectorAll(`[name="${field}"], [name^="${field}."]`)].filter((each) => each.type !== "submit");

/** What the form would send for a field, as the server's parser reads it. */
export function read(form, field) {
  const inputs = inputsOf(form, field);
  const placed = inputs.filter((each) => each.dataset.item !== undefined && each.value.trim() !== "");
  placed.sort((one, other) => Number(one.value) - Number(other.value));
  const chosen = inputs.filter((each) => (each.type === "radio" || each.type === "checkbox") && each.checked);
  const written = inputs.filter((each) => !["radio", "checkbox"].includes(each.type) && each.dataset.item === undefined);
  return [
    ...placed.map((each) => each.dataset.item),
    ...chosen.map((each) => each.value),
    ...written.map((each) => each.value),
  ];
}

/** Put values into a field, as if the expert had. */
export function write(form, field, values) {
  let line = 0;
  for (const input of inputsOf(form, field)) {
    if (input.dataset.item !== undefined) {
      const place = values.indexOf(input.dataset.item);
      input.value = place < 0 ? "" : String(place + 1);
    } else if (input.type === "radio" || input.type === "checkbox") {
      input.checked = values.includes(input.value);
    } else {
      input.value = values[line] || "";
      line += 1;
      const fold = input.closest("details");
      if (fold && input.value) fold.open = true;
    }
  }
  form.dispatchEvent(new CustomEvent("answered", { detail: field }));
}

export const hasAnswer = (form, field) => read(form, field).some((value) => value.trim() !== "");
