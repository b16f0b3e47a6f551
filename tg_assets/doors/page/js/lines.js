// Messages one after another, as people wrote them: days, albums as one card, files as they come into sight. What does
// not belong here: which messages (`panel.js`, `timeline.js`).
import { ask } from "./api.js";
import { Icon } from "./icons.js";
import { day, t, whole } from "./language.js";
import { Files } from "./media.js";
import { Machine, Time } from "./parts.js";
import { openAs, read, to } from "./route.js";
import { html, useEffect, useState } from "./ui.js";
import { crossed, told, visible, words } from "./text.js";

const AT_ONCE = 100;

// Runs of messages of the same album as one.
function grouped(messages) {
  const found = [];
  for (const message of messages) {
    const last = found.at(-1);
    if (message.album && last?.[0].album === message.album && last[0].feed === message.feed) last.push(message);
    else found.push([message]);
  }
  return found;
}

// Files of those of the messages that have any, by message.
function useFiles(messages) {
  const [files, set] = useState({});
  const wanted = messages.filter((one) => one.has_media && !files[one.id]).map((one) => one.id).slice(0, AT_ONCE);
  useEffect(() => {
    if (!wanted.length) return undefined;
    const stop = new AbortController();
    ask("media", { of: wanted }, stop.signal).then(
      (found) => set((before) => ({ ...before, ...Object.fromEntries(wanted.map((id) => [id, found[id] ?? []])) })),
      () => {},
    );
    return () => stop.abort();
  }, [wanted.join()]);
  return files;
}

export function Lines({ messages, focus = null, has = null, days = true, feeds = null }) {
  const files = useFiles(messages);
  let before = null;
  const found = [];
  for (const group of grouped(messages)) {
    const on = day(group[0].posted_at);
    if (days && on !== before) found.push(html`<li key=${on} class="day"><span>${on}</span></li>`);
    before = on;
    found.push(html`<${Line} key=${group[0].id} group=${group} files=${files} has=${has} feeds=${feeds}
      focused=${group.some((one) => one.id === focus)} />`);
  }
  return html`<ol class="lines">${found}</ol>`;
}

function Line({ group, files, focused, has, feeds }) {
  const [message] = group;
  const all = group.flatMap((one) => files[one.id] ?? []);
  const label = group.map((one) => (one.text ? told(one) : one.described)).find(Boolean) ?? "";
  return html`<li class=${focused ? "line focused" : "line"} aria-current=${focused ? "true" : null}>
    <header><bdi class="author">${visible(message.author ?? message.chat) || t("somebody")}</bdi>
      ${feeds && html`<bdi class="muted chat">${visible(message.chat ?? feeds.title(message.feed))}</bdi>`}
      <a class="when" ...${to({ ...read(), ...openAs(message.id) })}
        aria-label=${`${t("open")}: ${whole(message.posted_at)}`}><${Time} at=${message.posted_at} short /></a>
      ${message.edited_at && html`<span class="muted">${t("edited")}</span>`}
      ${group.length > 1 && html`<span class="kind"><${Icon} name="album" />${t("kind_album")} · ${group.length}</span>`}
    </header>
    <${Files} files=${all} label=${label} small />
    ${group.map((one) => html`<${Words} key=${one.id} message=${one} has=${has} />`)}
  </li>`;
}

// All that a message says, what a model says of it marked as such.
export function Words({ message, has }) {
  if (message.deleted_at) return html`<p class="muted">${t("deleted")}</p>`;
  return html`${message.forwarded_from && html`<p class="muted small"><${Icon} name="forward" />
      ${t("forwarded", "\u2068" + visible(message.forwarded_from) + "\u2069")}</p>`}
    ${message.action && html`<p class="muted small">${t("service", visible(message.action))}</p>`}
    ${message.text && html`<p class="text" dir="auto">${crossed(message, has)}</p>`}
    ${["spoken", "read", "described"].map((source) => message[source] &&
      html`<${Machine} key=${source} source=${source}>${words(message[source], has)}<//>`)}`;
}
