// A variable goes into the text where the cursor is. Without this script the list is there to be copied from.
const list = document.getElementById("variables");
const fields = [...document.querySelectorAll("#subject, #body")];
let field = document.getElementById("body");

// The field that was written in last is meant: by the time a button is pressed, the button has the focus.
for (const each of fields) each.addEventListener("focus", () => (field = each));

function put(text) {
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

for (const code of list.querySelectorAll("code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary outline variable";
  button.textContent = code.textContent;
  button.setAttribute("aria-describedby", code.dataset.words);
  button.addEventListener("click", () => put(button.textContent));
  code.replaceWith(button);
}

document.getElementById("variables-hint").hidden = false;
