// Keys 1 to 9 choose the n-th point while the focus is inside a rating; never in a text, and it can be switched off.

const SWITCH = "surveyapp:digit-keys";

export function startDigitKeys(form, toggle) {
  let isOn = true;
  try {
    isOn = localStorage.getItem(SWITCH) !== "off";
  } catch {
    // Without storage it is on, and the switch holds for this page.
  }
  toggle.checked = isOn;
  toggle.addEventListener("change", () => {
    isOn = toggle.checked;
    try {
      localStorage.setItem(SWITCH, isOn ? "on" : "off");
    } catch {
      // As above.
    }
  });
  form.addEventListener("keydown", (event) => {
    if (!isOn || event.ctrlKey || event.altKey || event.metaKey || !/^[1-9]$/.test(event.key)) return;
    if (event.target.type !== "radio") return;
    const rating = event.target.closest(".rate");
    const option = rating?.querySelectorAll(".opt:not(.apart) input")[Number(event.key) - 1];
    if (!option) return;
    event.preventDefault();
    option.focus();
    if (!option.checked) option.click();
  });
}
