// A page of questions: everything here is a convenience, the page works without it.
import { startAutosave } from "./autosave.js";
import { startChoices } from "./choices.js";
import { startDiscussion } from "./discussion.js";
import { startLines } from "./lines.js";
import { startDigitKeys } from "./rating-keys.js";
import { startProgress } from "./progress.js";
import { startReasonRequests } from "./reason-request.js";

const form = document.getElementById("answers");
const mistakes = document.getElementById("mistakes");
if (form) {
  document.getElementById("tools").hidden = false;
  startDigitKeys(form, document.getElementById("digit-keys"));
  startProgress(form, document.getElementById("next-blank"));
  startChoices(form);
  startLines(form);
  startReasonRequests(form, document.getElementById("told"));
  startDiscussion(form, document.getElementById("told"));
  startAutosave(form, document.getElementById("status"));
}
if (mistakes) mistakes.focus();
