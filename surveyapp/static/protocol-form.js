// The form of a protocol tells in words what it says while somebody types; without this script a button does.
const form = document.querySelector("form[data-summary]");
const summary = document.getElementById("summary");
const PAUSE = 600;
let timer = 0;
let asked = 0;

const tell = async () => {
  const number = ++asked;
  try {
    const reply = await fetch(form.dataset.summary, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      credentials: "same-origin",
      redirect: "error",
    });
    // Of several questions under way only the last one's answer counts.
    if (reply.ok && number === asked) {
      const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").body;
      summary.replaceChildren(...fresh.childNodes);
    }
  } catch {
    // The network is away; the button still does it.
  }
};

// A rule from the list has values, one's own has words: the other field would only confuse.
const suit = (rule) => {
  const isOwn = rule.querySelector("select").value === "own";
  rule.querySelector("[data-if-own]").hidden = !isOwn;
  rule.querySelector("[data-unless-own]").hidden = isOwn;
};

if (form) {
  for (const rule of form.querySelectorAll(".rule")) {
    suit(rule);
    rule.querySelector("select").addEventListener("change", () => suit(rule));
  }
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(tell, PAUSE);
  });
}
