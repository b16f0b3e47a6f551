// A feed over time: days as bars, and its messages page by page, the newest first. What does not belong here: which
// feeds there are (`feeds.js`).
//
// Bars count days of UTC; a bar that is chosen shows what it counts (`utc` in the address), while days that a person
// types are the reader's.
import { useAsk } from "./api.js";
import { Dates } from "./filters.js";
import { Icon } from "./icons.js";
import { amount, count, midnight, t, utcDay, utcMidnight, utcMonth } from "./language.js";
import { Lines } from "./lines.js";
import { change, to } from "./route.js";
import { Failed, Loading, Notice } from "./states.js";
import { html } from "./ui.js";
import { visible } from "./text.js";

const PAGE = 50, MOST_BARS = 92, DAY_MS = 86_400_000;
const WIDTH = 720, HEIGHT = 96;

const iso = (ms) => new Date(ms).toISOString().slice(0, 10);
const ms = (day) => Date.parse(`${day}T00:00:00Z`);

// Days as at most 92 bars of a day, a week or a month, those without messages too.
function bars(days) {
  const [first, last] = [ms(days[0].day), ms(days.at(-1).day)];
  const all = (last - first) / DAY_MS + 1;
  const grain = all <= MOST_BARS ? "day" : all <= 7 * MOST_BARS ? "week" : "month";
  const begin = (at) => {
    if (grain === "month") return ms(`${iso(at).slice(0, 7)}-01`);
    if (grain === "week") return at - ((new Date(at).getUTCDay() + 6) % 7) * DAY_MS;
    return at;
  };
  const next = (at) => {
    if (grain !== "month") return at + (grain === "week" ? 7 : 1) * DAY_MS;
    const date = new Date(at);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  };
  const found = [];
  for (let at = begin(first); at <= last; at = next(at)) found.push({ since: iso(at), until: iso(next(at) - DAY_MS), messages: 0 });
  const byDay = new Map(found.map((bar) => [bar.since, bar]));
  for (const day of days) byDay.get(iso(begin(ms(day.day)))).messages += day.messages;
  return { grain, found };
}

function Bars({ days, state }) {
  const { grain, found } = bars(days);
  const most = Math.max(...found.map((bar) => bar.messages), 1);
  const step = WIDTH / found.length;
  const sum = (name) => days.reduce((all, day) => all + day[name], 0);
  const inside = (bar) => (!state.since || bar.until >= state.since) && (!state.until || bar.since <= state.until);
  const label = t("bars", utcDay(found[0].since), utcDay(found.at(-1).until));
  const said = grain === "month" ? utcMonth : utcDay;
  return html`<figure class="bars">
    <figcaption><b>${count("messages", sum("messages"))}</b>
      <span class="muted">${amount(sum("media"))} ${t("pictures_files")} · ${count("got_replies", sum("replies"))} ·
      ${" "}${count("got_forwards", sum("forwards"))} · ${t(`per_${grain}`)}</span></figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${label} preserveAspectRatio="none">
      ${found.map((bar, place) => {
        const high = bar.messages ? Math.max((bar.messages / most) * (HEIGHT - 4), 2) : 0;
        return html`<g class=${inside(bar) ? "bar" : "bar out"} key=${bar.since}
            onClick=${() => change({ since: bar.since, until: bar.until, utc: "1", cursor: null })}>
          <title>${`${said(bar.since)}: ${count("messages", bar.messages)}`}</title>
          <rect class="room" x=${place * step} y="0" width=${step} height=${HEIGHT} />
          <rect class="high" x=${place * step + step * 0.12} y=${HEIGHT - high} width=${step * 0.76} height=${high} rx="1" />
        </g>`;
      })}</svg>
    <div class="axis muted small"><span>${said(found[0].since)}</span><span>${said(found.at(-1).since)}</span></div>
  </figure>`;
}

export function FeedTimeline({ state, feeds }) {
  const feed = state.feed?.[0] ?? "";
  const days = useAsk(`feeds/${encodeURIComponent(feed)}/statistics`);
  const begins = state.utc ? utcMidnight : midnight;
  const page = useAsk("messages", {
    feed, limit: PAGE, cursor: state.cursor, since: state.since && begins(state.since), until: state.until && begins(state.until, 1),
  });
  const known = feeds.all.find((one) => one.feed === feed);
  // The way on where the address' place is refused, too: it is of the feeds and the span of whoever was given it.
  const newest = state.cursor && html`<a class="button" ...${to({ ...state, cursor: null }, up)}>${t("newest")}</a>`;
  if (!known) return html`<${Notice} title=${t("not_there")}><p>${t("not_there_why")}</p><//>`;
  return html`<section class="timeline">
    <header class="head"><div><h1><bdi>${visible(feeds.title(feed))}</bdi></h1>
      <p class="muted">${t(`one_${known.kind}`)} · ${t("timeline")}</p></div>
      <a class="button" ...${to({ q: null, feed: [feed], view: "search" })}><${Icon} name="search" />${t("search_in")}</a></header>
    ${days.data?.length > 0 && html`<${Bars} days=${days.data} state=${state} />`}
    <div class="row wrap"><${Dates} key=${`${state.since}${state.until}`} state=${state} />
      ${(state.since || state.until) && html`<button type="button" class="button" onClick=${() => change({ since: null, until: null, utc: null, cursor: null })}>${t("whole_span")}</button>`}
      ${state.utc && (state.since || state.until) && html`<span class="muted small">${t("utc_days")}</span>`}</div>
    ${page.fault && html`<${Failed} fault=${page.fault} again=${page.again} />${newest}`}
    ${!page.data && !page.fault && html`<${Loading} />`}
    ${page.data && html`<div class=${page.loading ? "stale" : ""}>
      ${page.data.messages.length === 0 && html`<${Notice} quiet icon="feeds" title=${t("no_messages")} />`}
      <${Lines} messages=${page.data.messages} focus=${state.m} />
      <p class="center">${newest}
        ${page.data.cursor && html`<a class="button" ...${to({ ...state, cursor: page.data.cursor }, up)}>${t("earlier_messages")}</a>`}</p>
    </div>`}
  </section>`;
}

const up = () => scrollTo({ top: 0 });
