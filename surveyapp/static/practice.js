// The keys work on the practice item as on every other; there is nothing to save.
import { startDigitKeys } from "./rating-keys.js";

startDigitKeys(document.getElementById("practice"), document.createElement("input"));
