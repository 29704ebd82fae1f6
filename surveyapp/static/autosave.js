// Every answer is sent as it is given, and shown as saved only after the server has said so.
import { elementOf, fieldOf, read, write } from "./cells.js";
import { Queue } from "./queue.js";

const TYPING_PAUSE = 800;
const LONGEST_WAIT = 30_000;

export function startAutosave(form, status) {
  new Autosave(form, status).start();
}

class Autosave {
  constructor(form, status) {
    this.form = form;
    this.status = status;
    this.queue = new Queue(form.dataset.queue);
    this.revision = Number(form.elements.revision.value);
    this.release = form.elements.release ? Number(form.elements.release.value) : null;
    this.correction = Number(form.elements.correction.value);
    /** Fields that this window saved itself while another window saved too: their own revisions. */
    this.own = {};
    this.held = new Set();
    this.isSending = false;
    this.failures = 0;
    this.timer = null;
    this.typing = new Map();
  }

  start() {
    this.noteEarly();
    this.restore();
    this.form.addEventListener("change", (event) => this.note(event.target, 0));
    this.form.addEventListener("input", (event) => {
      if (["text", "textarea"].includes(event.target.type)) this.note(event.target, TYPING_PAUSE);
    });
    this.form.addEventListener("click", (event) => {
      const clear = event.target.closest("button.clear");
      if (!clear) return;
      event.preventDefault();
      write(this.form, clear.value, []);
      this.change(clear.value);
      const first = elementOf(this.form, clear.value)?.querySelector("input");
      if (first) first.focus();
    });
    this.form.addEventListener("submit", () => this.flushTyping());
    addEventListener("online", () => this.send());
    addEventListener("pagehide", () => this.flushTyping());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.flushTyping();
    });
  }

  /** What was given while the page was still loading its scripts is sent like everything after it. */
  noteEarly() {
    const isChanged = (input) => ["radio", "checkbox"].includes(input.type)
      ? input.checked !== input.defaultChecked
      : ["text", "textarea"].includes(input.type) && input.value !== input.defaultValue;
    const fields = new Set([...this.form.elements].filter(isChanged).map(fieldOf));
    for (const field of fields) if (field) this.change(field);
  }

  /** What an earlier visit could not send is put into the form and sent now. */
  restore() {
    const { entries } = this.queue.load();
    for (const [field, entry] of Object.entries(entries)) {
      if (elementOf(this.form, field)) write(this.form, field, entry.values);
    }
    if (!this.queue.isEmpty()) this.send();
  }

  note(input, pause) {
    const field = fieldOf(input);
    if (!field || !this.form.contains(input)) return;
    clearTimeout(this.typing.get(field));
    if (pause) {
      this.say("saving", "waiting");
      this.typing.set(field, setTimeout(() => this.change(field), pause));
    } else this.change(field);
  }

  flushTyping() {
    for (const [field, timer] of this.typing) {
      clearTimeout(timer);
      this.change(field);
    }
  }

  change(field) {
    clearTimeout(this.typing.get(field));
    this.typing.delete(field);
    this.queue.put(field, read(this.form, field), this.own[field] ?? this.revision, this.correction);
    this.form.dispatchEvent(new CustomEvent("answered", { detail: field }));
    this.send();
  }

  async send() {
    if (this.isSending) return;
    clearTimeout(this.timer);
    const save = this.queue.next(() => makeId());
    if (!save) {
      if (!this.held.size && !this.typing.size) this.say("saved", "");
      return;
    }
    this.isSending = true;
    this.say("saving", "waiting");
    let reply = null;
    let body = {};
    try {
      reply = await fetch(this.form.dataset.save, {
        method: "POST",
        credentials: "same-origin",
        keepalive: JSON.stringify(save).length < 50_000,
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.form.elements.csrf_token.value },
        body: JSON.stringify({ ...save, place: this.form.dataset.place, release: this.release }),
      });
      body = await reply.json();
    } catch {
      // No reply, or none of ours: a proxy's own page, or a line that was cut in the middle.
    }
    this.isSending = false;
    this.answer(save, reply, body);
  }

  answer(save, reply, body) {
    const isCut = reply?.ok && !Number.isInteger(body.revision);
    if (reply === null || isCut || reply.status >= 500 || reply.status === 429) {
      this.retry();
    } else if (reply.ok) {
      this.failures = 0;
      this.take(body.revision);
      // In real time the panel's view goes on while the page lies open.
      if (body.newer) document.getElementById("newer").hidden = false;
      if (body.corrected) document.getElementById("corrected").hidden = false;
      this.send();
    } else if (body.kind === "conflict") {
      this.queue.abandon(body.conflicts.map((each) => each.field));
      for (const each of body.conflicts) this.showConflict(each, body.revision);
      this.say("conflict", "trouble");
      this.send();
    } else if (body.kind === "answers" && body.problems.length) {
      this.queue.abandon(body.problems.map((each) => each.field));
      for (const each of body.problems) this.showProblem(each);
      this.say("mistake", "trouble");
      this.send();
    } else if (reply.status === 400 && body.kind !== "strange" || reply.status === 401 || reply.status === 403) {
      // The session is over or is somebody else's by now: what was typed waits for the personal link.
      this.tell(this.form.dataset.ended);
    } else if (body.kind === "closed") {
      this.queue.abandon(Object.keys(save.answers));
      this.tell(body.message);
    } else {
      this.queue.abandon(Object.keys(save.answers));
      this.tell(body.message || this.form.dataset.mistake);
    }
  }

  /** A save was confirmed. The page's own revision moves on only when nobody else saved in between. */
  take(revision) {
    const fields = this.queue.confirm(revision);
    if (revision <= this.revision + 1) {
      this.revision = Math.max(revision, this.revision);
      this.form.elements.revision.value = String(this.revision);
    } else for (const field of fields) this.own[field] = revision;
    for (const field of fields) {
      this.held.delete(field);
      clearMarks(this.form, field);
    }
  }

  retry() {
    this.failures += 1;
    this.say(navigator.onLine === false ? "offline" : "trouble", "trouble");
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** (this.failures - 1));
    this.timer = setTimeout(() => this.send(), wait);
  }

  say(what, look) {
    this.tell(this.form.dataset[what], look);
  }

  tell(text, look = "trouble") {
    this.status.classList.toggle("waiting", look === "waiting");
    this.status.classList.toggle("trouble", look === "trouble");
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  showProblem({ field, message }) {
    this.held.add(field);
    const mark = makeMark(this.form, field, "p", "error");
    if (mark) mark.textContent = message;
  }

  showConflict({ field, yours, theirs, yours_in_words: here, theirs_in_words: there }, revision) {
    this.held.add(field);
    const mark = makeMark(this.form, field, "div", "conflict");
    if (!mark) return;
    const text = document.createElement("p");
    text.textContent = this.form.dataset.conflict;
    const settle = (values) => {
      write(this.form, field, values);
      this.own[field] = revision;
      this.held.delete(field);
      clearMarks(this.form, field);
      this.change(field);
    };
    mark.append(
      text,
      makeButton(`${this.form.dataset.here} ${here}`, () => settle(yours)),
      makeButton(`${this.form.dataset.there} ${there}`, () => settle(theirs)),
    );
  }
}

function makeButton(text, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary outline";
  button.textContent = text;
  button.addEventListener("click", act);
  return button;
}

function makeMark(form, field, tag, look) {
  clearMarks(form, field);
  const element = elementOf(form, field);
  if (!element) return null;
  const mark = document.createElement(tag);
  mark.className = look;
  mark.id = `${field}-error`;
  mark.dataset.mark = field;
  describe(element, [mark.id, ...described(element)]);
  if (look === "error" && element.getAttribute("role") !== null) element.setAttribute("aria-invalid", "true");
  if (look === "error" && element.tagName !== "FIELDSET") element.setAttribute("aria-invalid", "true");
  const legend = element.tagName === "FIELDSET" ? element.querySelector("legend") : null;
  if (legend) legend.after(mark);
  else element.before(mark);
  return mark;
}

/** What describes an element; a mark comes first and goes again, what belongs to the page stays. */
const described = (element) => (element.getAttribute("aria-describedby") || "").split(" ").filter(Boolean);

function describe(element, ids) {
  if (ids.length) element.setAttribute("aria-describedby", ids.join(" "));
  else element.removeAttribute("aria-describedby");
}

function clearMarks(form, field) {
  const element = elementOf(form, field);
  for (const mark of form.querySelectorAll(`[data-mark="${field}"], #${field}-error`)) mark.remove();
  element?.removeAttribute("aria-invalid");
  if (element) describe(element, described(element).filter((id) => id !== `${field}-error`));
}

function makeId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http beyond this machine has no randomUUID, but it has random bytes.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
