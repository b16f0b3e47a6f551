// A token is given once: in the address' fragment, which no server sees, or in the form. It is not kept here but in a
// cookie that no script can read. What does not belong here: what it opens.
import { ask, forget, tell } from "./api.js";
import { t } from "./language.js";
import { html, useEffect, useRef, useState } from "./ui.js";

// That this browser has a token, not which.
const THERE = "token";
const begin = (token) => tell("session", { token }).then(() => {
  try {
    localStorage.setItem(THERE, "1");
  } catch {
    // This browser keeps nothing of pages: the service is asked.
  }
});

async function isThere() {
  try {
    return Boolean(localStorage.getItem(THERE));
  } catch {
    return ask("me").then(() => true, (fault) => fault.status !== 401).finally(forget);
  }
}

// Take the token out of the address. Where the service did not take it, it is returned with the fault.
export async function fromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  // A link of somebody else's must not make this browser theirs unasked.
  if (await isThere() && !window.confirm(t("token_other"))) return null;
  return begin(token).then(() => null, (fault) => ({ token, fault }));
}

// Where the service does not answer the cookie stays, and so does all else. Raises Fault.
export const leave = () => tell("session", {}, "DELETE").then(() => {
  forget();
  try {
    localStorage.removeItem(THERE);
  } catch {
    // Nothing was kept.
  }
});

const why = (fault) =>
  t({ 0: "unreachable", 401: "token_refused", 422: "token_refused", 429: "token_rate", 503: "away" }[fault.status] ?? "fault");

// `untaken` is a token that the address brought in vain: it stands in the field, to be tried again.
export function TokenForm({ untaken, then }) {
  const [said, say] = useState(untaken.fault ? why(untaken.fault) : "");
  const field = useRef();
  useEffect(() => {
    field.current.value = untaken.token ?? "";
    field.current.select();
  }, []);
  async function send(event) {
    event.preventDefault();
    const token = field.current.value.trim();
    if (!token) return;
    try {
      await begin(token);
      forget();
      then();
    } catch (fault) {
      say(why(fault));
      field.current.select();
    }
  }
  return html`<main class="token" id="content">
    <h1>${t("token_title")}</h1>
    <p>${t("token_why")}</p>
    <pre class="command">tg-assets tokens --tenant me add page</pre>
    <form onSubmit=${send}>
      <label for="token">${t("token")}</label>
      <div class="row"><input id="token" ref=${field} type="password" autocomplete="off" spellcheck=${false}
        aria-invalid=${said ? "true" : null} aria-describedby="token-said" placeholder="tga_…" />
      <button class="button primary">${t("token_enter")}</button></div>
      <p id="token-said" class="problem" role="alert">${said}</p>
    </form>
    <p class="muted small">${t("token_kept")}</p>
  </main>`;
}
