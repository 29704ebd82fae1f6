// After submitting, nothing of the answers stays in this browser.
import { forget } from "./queue.js";

const done = document.querySelector("[data-done]");
if (done) forget(done.dataset.done);
