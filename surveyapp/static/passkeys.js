// Passkeys: each form with data-passkey asks the server for options, the browser for a passkey, and is then
// sent like any other form. Without this script, or without passkeys in the browser, the forms stay hidden.
import { decode, encode } from "./base64url.js";

const FIELDS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

function readOptions(options) {
  options.challenge = decode(options.challenge);
  if (options.user) options.user.id = decode(options.user.id);
  for (const list of ["excludeCredentials", "allowCredentials"])
    for (const each of options[list] || []) each.id = decode(each.id);
  return options;
}

function writeCredential(credential) {
  const response = {};
  for (const field of FIELDS)
    if (credential.response[field]) response[field] = encode(credential.response[field]);
  return JSON.stringify({
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function fill(form) {
  const body = new URLSearchParams();
  const token = form.querySelector("[name=csrf_token]");
  if (token) body.set("csrf_token", token.value);
  const reply = await fetch(form.dataset.options, { method: "POST", body });
  if (reply.status === 403 && form.dataset.confirm) {
    location.assign(form.dataset.confirm);
    return false;
  }
  if (!reply.ok) throw new Error(String(reply.status));
  const publicKey = readOptions(await reply.json());
  const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
  form.querySelector("[name=credential]").value = writeCredential(credential);
  return true;
}

function start(form) {
  const trouble = form.querySelector("[data-trouble]");
  const button = form.querySelector("button");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    button.disabled = true;
    try {
      if (await fill(form)) form.submit();
    } catch {
      trouble.hidden = false;
    }
    button.disabled = false;
  });
}

if (window.PublicKeyCredential && navigator.credentials) {
  for (const form of document.querySelectorAll("form[data-passkey]")) start(form);
  for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
}
