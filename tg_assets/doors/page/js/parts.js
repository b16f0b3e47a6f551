// Small things that several views show of a message. What does not belong here: whole messages (`lines.js`).
import { Icon } from "./icons.js";
import { clock, moment, t, whole } from "./language.js";
import { to } from "./route.js";
import { telegram, visible } from "./text.js";
import { html } from "./ui.js";

export function Time({ at, short = false }) {
  return html`<time datetime=${at} title=${whole(at)}>${short ? clock(at) : moment(at)}</time>`;
}

// What a model heard, read or described, marked as such.
export function Machine({ source, children }) {
  const icon = source === "spoken" ? "voice" : "machine";
  return html`<div class="machine"><span class="by" title=${t("by_machine")}><${Icon} name=${icon} />${t(source)}</span>
    <span class="text" dir="auto">${children}</span></div>`;
}

export function Tags({ tags, most = Infinity }) {
  if (!tags?.length) return null;
  return html`<ul class="tags" aria-label=${t("tag")}>${tags.slice(0, most).map((tag) => html`<li key=${tag}>
    <a ...${to({ q: tag, tag: [tag] })}><bdi>${visible(tag)}</bdi></a></li>`)}${tags.length > most && html`<li class="muted">+${tags.length - most}</li>`}</ul>`;
}

export function Telegram({ link }) {
  const href = telegram(link);
  if (!href) return null;
  return html`<a class="quiet-link" href=${href} target="_blank" rel="noopener noreferrer"><${Icon} name="plane" />
    ${t("in_telegram")}<span class="unseen"> ${t("new_window")}</span></a>`;
}

export function Outside({ href, children }) {
  if (!/^https?:\/\//.test(href ?? "")) return children;
  return html`<a href=${href} target="_blank" rel="noopener noreferrer">${children}<${Icon} name="outside" />
    <span class="unseen"> ${t("new_window")}</span></a>`;
}
