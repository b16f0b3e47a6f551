// What stands where an answer would: it is waited for, there is none, there cannot be one now. What does not belong
// here: asking.
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { html, useEffect, useState } from "./ui.js";

export function Loading({ rows = 3 }) {
  return html`<div class="loading" role="status" aria-label=${t("loading")}>
    ${Array.from({ length: rows }, (_, row) => html`<div class="skeleton" key=${row}><i /><i /><i /></div>`)}
  </div>`;
}

export function Notice({ icon = "warn", title, children, quiet = false }) {
  return html`<div class=${quiet ? "notice quiet" : "notice"} role=${quiet ? null : "status"}>
    <${Icon} name=${icon} /><div><h2>${title}</h2>${children}</div>
  </div>`;
}

// A command in the text of the interface stands between backticks.
export function Said({ text }) {
  return html`<p>${text.split("`").map((part, place) => (place % 2 ? html`<code>${part}</code>` : part))}</p>`;
}

// Seconds until something is asked again by itself; from the beginning with each refusal.
function Wait({ seconds, then, fault }) {
  const [left, set] = useState(seconds);
  useEffect(() => set(seconds), [fault]);
  useEffect(() => {
    if (left <= 0) {
      then();
      return undefined;
    }
    const timer = setTimeout(() => set(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return html`<p>${t("rate_why", left)}</p>`;
}

export function Failed({ fault, again }) {
  const retry = again && html`<button type="button" class="button" onClick=${again}>${t("again")}</button>`;
  if (fault.status === 429)
    return html`<${Notice} title=${t("rate")}><${Wait} seconds=${fault.wait || 60} then=${again} fault=${fault} />${retry}<//>`;
  if (fault.status === 503) return html`<${Notice} title=${t("away")}><${Said} text=${t("away_why")} />${retry}<//>`;
  if (fault.status === 404) return html`<${Notice} title=${t("not_there")}><p>${t("not_there_why")}</p><//>`;
  if (fault.code === "unreachable")
    return html`<${Notice} title=${t("unreachable")}><${Said} text=${t("unreachable_why")} />${retry}<//>`;
  if (fault.status >= 400 && fault.status < 500)
    return html`<${Notice} title=${t("refused")}><p dir="auto">${fault.message}</p><//>`;
  return html`<${Notice} title=${t("fault")}><p>${t("fault_why")}</p>${retry}<//>`;
}

export function Empty() {
  return html`<${Notice} icon="feeds" title=${t("empty")}>
    <p>${t("empty_why")}</p><pre class="command">tg-assets import ~/Downloads/DataExport --tenant me</pre>
  <//>`;
}
