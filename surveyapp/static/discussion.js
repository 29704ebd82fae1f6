// Others' reasons, marked and answered in place. Without this script a button beside each leads to a page of its own.

export function startDiscussion(form, told) {
  const tools = document.getElementById("talk-tools");
  if (!tools) return;
  const drafts = new Drafts(form.dataset.queue);
  for (const element of form.querySelectorAll("[data-talk]:not([data-own])")) {
    new Talk(element, { tools, told, drafts, token: form.elements.csrf_token.value }).start();
  }
}

/** Replies that are not sent yet, kept in this browser: by the address of their reason. */
class Drafts {
  constructor(queue) {
    this.name = `surveyapp:${queue}:replies`;
  }

  load() {
    try {
      return JSON.parse(localStorage.getItem(this.name)) || {};
    } catch {
      // Private windows and full disks: the field alone must do.
      return {};
    }
  }

  get(place) {
    return this.load()[place] || "";
  }

  put(place, text) {
    const drafts = this.load();
    if (text.trim()) drafts[place] = text;
    else delete drafts[place];
    try {
      if (Object.keys(drafts).length) localStorage.setItem(this.name, JSON.stringify(drafts));
      else localStorage.removeItem(this.name);
    } catch {
      // As above.
    }
  }
}

let serial = 0;

class Talk {
  constructor(element, { tools, told, drafts, token }) {
    Object.assign(this, { element, tools, told, drafts, token });
    this.place = element.dataset.talk;
    this.words = tools.dataset;
    this.isBusy = false;
  }

  start() {
    const parts = this.tools.content.cloneNode(true);
    const [marks, write, box, trouble] = [".marks", "[data-write]", ".replying", ".error"].map((each) => parts.querySelector(each));
    const quote = this.element.parentElement.querySelector("blockquote");
    quote.id ||= `reason-${(serial += 1)}`;
    this.element.querySelector("button[name=go]").remove();
    this.element.querySelector(".stance")?.remove();
    this.trouble = trouble;
    this.takeBack = parts.querySelector("[data-take-back]");
    if (marks) this.startMarks(marks, quote.id);
    if (write) this.startReplies(write, box, quote.id);
    this.element.append(trouble);
  }

  startMarks(marks, quote) {
    this.marks = [...marks.querySelectorAll("button")];
    for (const button of this.marks) {
      button.setAttribute("aria-describedby", quote);
      button.addEventListener("click", () => this.mark(button));
    }
    this.showStance(this.element.dataset.stance);
    this.element.append(marks);
  }

  startReplies(write, box, quote) {
    Object.assign(this, { write, box, text: box.querySelector("textarea") });
    box.id = `replying-${(serial += 1)}`;
    write.setAttribute("aria-controls", box.id);
    for (const each of [write, this.text]) each.setAttribute("aria-describedby", quote);
    write.addEventListener("click", () => {
      this.open(box.hidden);
      if (!box.hidden) this.text.focus();
    });
    this.text.addEventListener("input", () => this.drafts.put(this.place, this.text.value));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.open(false);
      write.focus();
    });
    box.querySelector("[data-send]").addEventListener("click", () => this.reply());
    for (const line of this.element.querySelectorAll("[data-reply]")) this.offerTakeBack(line);
    this.text.value = this.drafts.get(this.place);
    this.element.append(write, box);
    if (this.text.value) this.open(true);
  }

  open(isOpen) {
    this.box.hidden = !isOpen;
    this.write.setAttribute("aria-expanded", String(isOpen));
  }

  showStance(stance) {
    for (const button of this.marks) button.setAttribute("aria-pressed", String(button.value === stance));
  }

  async mark(button) {
    const isPressed = button.getAttribute("aria-pressed") === "true";
    const done = await this.send("mark", { stance: isPressed ? "none" : button.value });
    if (!done) return;
    this.showStance(done.stance);
    this.say(isPressed ? this.words.unmarked : this.words.marked);
  }

  async reply() {
    const done = await this.send("reply", { reply: this.text.value });
    if (!done) {
      if (!this.trouble.hidden) this.text.focus();
      return;
    }
    this.drafts.put(this.place, "");
    this.text.value = "";
    this.open(false);
    this.show(done.reply);
    this.write.focus();
    this.say(this.words.sent);
  }

  show({ id, text, note }) {
    if (this.element.querySelector(`[data-reply="${id}"]`)) return;
    let list = this.element.querySelector(".replies");
    if (!list) {
      list = document.createElement("ul");
      list.className = "replies";
      list.setAttribute("aria-label", this.words.replies);
      this.element.prepend(list);
    }
    const [line, quote, small] = ["li", "blockquote", "small"].map((tag) => document.createElement(tag));
    line.dataset.reply = id;
    quote.dir = "auto";
    quote.textContent = text;
    small.textContent = note;
    line.append(quote, small);
    list.append(line);
    this.offerTakeBack(line);
  }

  offerTakeBack(line) {
    const button = this.takeBack.cloneNode(true);
    const quote = line.querySelector("blockquote");
    quote.id ||= `reply-${(serial += 1)}`;
    button.setAttribute("aria-describedby", quote.id);
    button.addEventListener("click", async () => {
      if (!await this.send(`replies/${encodeURIComponent(line.dataset.reply)}/take-back`, {})) return;
      const list = line.parentElement;
      line.remove();
      if (!list.children.length) list.remove();
      this.write.focus();
      this.say(this.words.gone);
    });
    line.append(button);
  }

  /** Send one act; gives what the server says, or null when it was not done, and then says why. */
  async send(act, body) {
    if (this.isBusy) return null;
    this.isBusy = true;
    this.tell("");
    let reply = null;
    let said = {};
    try {
      reply = await fetch(`${this.place}/${act}`, {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
        body: JSON.stringify(body),
      });
      said = await reply.json();
    } catch {
      // No reply, or none of ours.
    }
    this.isBusy = false;
    if (reply?.ok && Object.keys(said).length) return said;
    this.tell(said.kind === "no-seat" ? this.words.ended : said.message || this.words.trouble);
    return null;
  }

  tell(text) {
    this.trouble.hidden = text === "";
    this.trouble.textContent = text;
  }

  say(text) {
    this.told.textContent = text;
  }
}
