// While a round is open its progress is asked for again and again; without this script one loads the page again.
const shown = document.querySelector("[data-watch]");
const PAUSE = 15000;
let tag = "";
let timer = 0;

const look = async () => {
  clearTimeout(timer);
  // Nobody sees a hidden page: nothing is asked until somebody does.
  if (document.hidden) return;
  try {
    const reply = await fetch(shown.dataset.watch, {
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      headers: tag ? { "If-None-Match": tag } : {},
    });
    // Who is no longer signed in, or may no longer see it, is not asked for ever.
    if (reply.status >= 400 && reply.status < 500 && reply.status !== 429) return;
    if (reply.status === 200) {
      tag = reply.headers.get("ETag") ?? "";
      show(await reply.text());
    }
  } catch {
    // The network is away; the next time it may be back.
  }
  timer = setTimeout(look, PAUSE);
};

const show = (text) => {
  const fresh = new DOMParser().parseFromString(text, "text/html").body;
  // Somebody who reads the table goes on reading it.
  const isTableOpen = shown.querySelector("details")?.open ?? false;
  const hadFocus = shown.querySelector("summary") === document.activeElement;
  shown.replaceChildren(...fresh.childNodes);
  const table = shown.querySelector("details");
  if (table) {
    table.open = isTableOpen;
    if (hadFocus) table.querySelector("summary").focus();
  }
};

if (shown) {
  document.addEventListener("visibilitychange", look);
  timer = setTimeout(look, PAUSE);
}
