// What happened in a span: who was answered, discussed, liked and forwarded, and about what. It is counted, and every
// line leads to a message. What does not belong here: counting.
import { useAsk } from "./api.js";
import { Filters } from "./filters.js";
import { amount, count, local, midnight, moment, t } from "./language.js";
import { Telegram, Time } from "./parts.js";
import { openAs, read, to } from "./route.js";
import { Empty, Failed, Loading, Notice } from "./states.js";
import { html } from "./ui.js";
import { begun, crossed, said, visible } from "./text.js";

const LINES = 10, WORDS = 220, SECOND_MS = 1000, DAY_MS = 86_400_000;
// Each part with what its numbers count.
const PARTS = [["answered", "got_replies"], ["threads", "got_replies"], ["reacted", "got_reactions"], ["forwarded", "got_forwards"], ["topics", "messages"]];

export function Digest({ state, feeds }) {
  const { data, fault, loading, again } = useAsk("digest", {
    feed: state.feed, limit: LINES,
    since: state.since && midnight(state.since), until: state.until && midnight(state.until, 1),
  });
  if (!feeds.all.length) return html`<${Empty} />`;
  // What nobody chose the archive did; what it leads to names it.
  const isChosen = state.since || state.until;
  const shown = isChosen || !data ? { since: state.since, until: state.until }
    : { since: local(data.since), until: local(new Date(data.until).getTime() - SECOND_MS) };
  const isPast = data && !isChosen && Date.now() - new Date(data.until).getTime() > DAY_MS;
  return html`<section class="digest" aria-busy=${loading ? "true" : "false"}>
    <header class="head"><div><h1>${t("digest")}</h1>
      <p class="muted">${data ? t("digest_of", moment(data.since), moment(data.until)) : t("digest_why")}${isPast && `, ${t("digest_last")}`}</p></div></header>
    <${Filters} names=${["date", "feed"]} state=${state} results=${[]} feeds=${feeds} />
    ${fault && html`<${Failed} fault=${fault} again=${again} />`}
    ${!data && !fault && html`<${Loading} />`}
    ${data && !fault && html`<div class=${loading ? "stale" : ""}>
      ${data.feeds.length === 0 && html`<${Notice} icon="feeds" title=${t("no_messages")}><p>${t("digest_none")}</p><//>`}
      ${data.feeds.length > 0 && html`<ul class="busy">${data.feeds.map((one) => html`<li key=${one.feed}>
        <a ...${to({ view: "feed", feed: [one.feed], ...shown })}><bdi>${visible(feeds.title(one.feed))}</bdi></a>
        <span class="muted">${count("messages", one.messages)} · ${count("authors", one.authors)} · ${t("span_before", amount(one.before))}</span></li>`)}</ul>`}
      ${PARTS.map(([part, unit]) => data[part].length > 0 && html`<section key=${part}><h2>${t(`digest_${part}`)}</h2>
        <ol>${data[part].map((one) => html`<${Line} key=${one.name ?? one.message.id} one=${one} unit=${unit} feeds=${feeds} />`)}</ol></section>`)}
    </div>`}
  </section>`;
}

function Line({ one, unit, feeds }) {
  const { message } = one;
  const words = begun(said(message), WORDS);
  const numbers = [count(unit, one.count), one.people && count("authors", one.people), one.before !== null && t("span_before", amount(one.before))];
  return html`<li><p class="numbers">${one.name && html`<b><bdi>${visible(one.name)}</bdi></b>`}<span class="muted">${numbers.filter(Boolean).join(" · ")}</span></p>
    <a class="said" dir="auto" ...${to({ ...read(), ...openAs(message.id) })}>${words.text ? crossed(words, null, { links: false }) : t("no_words")}</a>
    <div class="where muted"><bdi>${visible(message.chat ?? feeds.title(message.feed))}</bdi>
      ${message.author && message.author !== message.chat && html`<bdi>${visible(message.author)}</bdi>`}
      <${Time} at=${message.posted_at} /><${Telegram} link=${message.link} /></div></li>`;
}
