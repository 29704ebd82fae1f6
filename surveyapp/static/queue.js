// Answers that the server has not confirmed yet, kept in this browser until it has.
// One entry per field: { values, base, correction }, where base is the revision that the change was made on and
// correction the number of the wording that stood on the page then.

export class Queue {
  constructor(name) {
    this.name = `surveyapp:${name}`;
    this.memory = { entries: {}, sending: null };
  }

  load() {
    try {
      const text = localStorage.getItem(this.name);
      if (text) this.memory = JSON.parse(text);
      else if (this.isKept) this.memory = { entries: {}, sending: null };
    } catch {
      // Private windows and full disks: memory alone must do.
    }
    return this.memory;
  }

  store() {
    try {
      if (this.isEmpty()) localStorage.removeItem(this.name);
      else localStorage.setItem(this.name, JSON.stringify(this.memory));
      this.isKept = true;
    } catch {
      this.isKept = false;
    }
  }

  isEmpty() {
    return Object.keys(this.memory.entries).length === 0 && this.memory.sending === null;
  }

  put(field, values, base, correction) {
    this.load();
    const earlier = this.memory.entries[field];
    this.memory.entries[field] = { values, base: earlier ? earlier.base : base, correction };
    this.store();
  }

  drop(field) {
    this.load();
    delete this.memory.entries[field];
    this.store();
  }

  /** The next save to send: the one under way, with its own id, or a new one of all fields alike in both. */
  next(makeId) {
    this.load();
    if (this.memory.sending) return this.memory.sending;
    const entries = Object.entries(this.memory.entries);
    if (!entries.length) return null;
    const base = Math.min(...entries.map(([, entry]) => entry.base));
    const ofBase = entries.filter(([, entry]) => entry.base === base);
    const correction = ofBase[0][1].correction ?? 0;
    const answers = {};
    for (const [field, entry] of ofBase) if ((entry.correction ?? 0) === correction) answers[field] = entry.values;
    this.memory.sending = { request_id: makeId(), base, answers, correction };
    this.store();
    return this.memory.sending;
  }

  /** The save under way was confirmed: what was not changed since needs no sending any more. */
  confirm(revision) {
    this.load();
    const sent = this.memory.sending;
    if (!sent) return [];
    for (const [field, values] of Object.entries(sent.answers)) {
      const entry = this.memory.entries[field];
      if (!entry) continue;
      if (JSON.stringify(entry.values) === JSON.stringify(values)) delete this.memory.entries[field];
      else entry.base = revision;
    }
    this.memory.sending = null;
    this.store();
    return Object.keys(sent.answers);
  }

  /** The save under way was refused: it will not be sent again as it was. */
  abandon(fields) {
    this.load();
    this.memory.sending = null;
    for (const field of fields) delete this.memory.entries[field];
    this.store();
  }
}

export function forget(name) {
  try {
    for (const kept of [name, `${name}:replies`]) localStorage.removeItem(`surveyapp:${kept}`);
  } catch {
    // Nothing was kept then.
  }
}
