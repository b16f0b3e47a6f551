// What is followed, and what of it cannot be found yet. What does not belong here: one feed over time (`timeline.js`).
import { useAsk } from "./api.js";
import { Icon } from "./icons.js";
import { count, day, t } from "./language.js";
import { to } from "./route.js";
import { Empty, Failed } from "./states.js";
import { html, useEffect, useState } from "./ui.js";
import { visible } from "./text.js";

// Counting what waits looks at every message: not while somebody who has just come types.
const SETTLED_MS = 600;

function useWaiting(at) {
  const [settled, settle] = useState(!at);
  useEffect(() => {
    const timer = setTimeout(() => settle(true), at);
    return () => clearTimeout(timer);
  }, []);
  return useAsk(settled ? "waiting" : null);
}

// Gaps of a feed in words, what matters most first.
function gaps(feed, waiting, coverage) {
  const here = waiting?.find((one) => one.feed === feed.feed);
  const unknown = (coverage ?? []).filter((one) => one.feed === feed.feed).reduce((all, one) => all + (one.counts.unknown ?? 0), 0);
  const numbers = [
    ["not_parsed", feed.messages - feed.parsed], ["not_indexed", here?.not_indexed], ["pictures_wait", here?.pictures],
    ["voices_wait", here?.voices], ["unknown_ids", unknown], ["files_away", here?.files_away],
  ];
  return numbers.filter(([, number]) => number > 0).map(([name, number]) => count(name, number));
}

// One line for all feeds.
export function NotCovered({ feeds }) {
  return html`<${All} feeds=${feeds} waiting=${useWaiting(0)} />`;
}

function All({ feeds, waiting }) {
  // Its place is kept, so that nothing jumps once it is counted.
  if (!waiting.data) return html`<p class="covered small" aria-hidden="true">\u00a0</p>`;
  const sum = (name) => waiting.data.reduce((all, one) => all + one[name], 0);
  const unparsed = feeds.all.reduce((all, one) => all + Math.max(one.messages - one.parsed, 0), 0);
  const parts = [["not_parsed", unparsed], ["not_indexed", sum("not_indexed")], ["pictures_wait", sum("pictures")], ["voices_wait", sum("voices")]]
    .filter(([, number]) => number > 0).map(([name, number]) => count(name, number));
  return html`<p class="covered muted small"><${Icon} name=${parts.length ? "warn" : "yes"} />
    <span>${parts.length ? `${t("not_covered")}: ${parts.join(", ")}` : t("all_covered")}</span>
    <a ...${to({ view: "feeds" })}>${t("details")}</a></p>`;
}

// `first`: they are what a person who has come sees under the search box.
export function Feeds({ feeds, first = false }) {
  const waiting = useWaiting(first ? SETTLED_MS : 0);
  const coverage = useAsk("coverage");
  if (!feeds.all.length) return html`<${Empty} />`;
  // Feeds are shown at once; what is missing of them is counted meanwhile.
  const isCounted = Boolean(waiting.data && coverage.data);
  return html`<section class="feeds">
    ${first ? html`<${All} feeds=${feeds} waiting=${waiting} />`
      : html`<header class="head"><div><h1>${t("feeds")}</h1><p class="muted">${t("feeds_why")}</p></div></header>`}
    ${waiting.fault && html`<${Failed} fault=${waiting.fault} again=${waiting.again} />`}
    <ul aria-busy=${isCounted || waiting.fault || coverage.fault ? "false" : "true"}>${feeds.all.map((feed) => {
      const missing = isCounted ? gaps(feed, waiting.data, coverage.data) : [];
      return html`<li key=${feed.feed} class="feed">
        <a class="title" ...${to({ view: "feed", feed: [feed.feed] })}><bdi>${visible(feeds.title(feed.feed))}</bdi></a>
        <span class="muted">${t(`one_${feed.kind}`)} · ${count("messages", feed.messages)}${feed.first && ` · ${day(feed.first)} – ${day(feed.last)}`}</span>
        ${missing.length > 0 ? html`<span class="missing"><${Icon} name="warn" /><span>${missing.join(" · ")}</span></span>`
          : isCounted && html`<span class="fine"><${Icon} name="yes" />${t("covered")}</span>`}
        ${feed.not_read && html`<span class="missing"><${Icon} name="warn" /><span dir="auto">${t("not_read", visible(feed.not_read))}</span></span>`}
      </li>`;
    })}</ul>
  </section>`;
}
