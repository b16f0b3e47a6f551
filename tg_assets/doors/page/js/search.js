// Results of a question, by the filters of the address. What does not belong here: one result (`card.js`).
import { useAsk } from "./api.js";
import { Card } from "./card.js";
import { NotCovered } from "./feeds.js";
import { Filters, NONE, chosen } from "./filters.js";
import { count, midnight, t, utcDay, zone } from "./language.js";
import { change } from "./route.js";
import { TellMe, searched } from "./saved.js";
import { Empty, Failed, Loading, Notice } from "./states.js";
import { html, useEffect, useLayoutEffect, useState } from "./ui.js";
import { visible, wanted } from "./text.js";

const PAGE = 10, MOST = 100, MOST_FEEDS = 100;

const NOTHING = { results: [], understood: [], fits: true, cursor: null };

// Feeds of the source that is chosen; the API searches no more than so many that are named.
const kinOf = (state, feeds) => feeds.all.filter((one) => one.kind === state.source).map((one) => one.feed);

// What the API is asked for a state of the page; a source is the feeds of that kind, and where none of those that are
// chosen is, nothing is asked: null.
export function asked(state, feeds) {
  let feed = state.feed ?? [];
  if (state.source) {
    const kin = kinOf(state, feeds);
    feed = feed.length ? feed.filter((one) => kin.includes(one)) : kin.slice(0, MOST_FEEDS);
    if (!feed.length) return null;
  }
  return {
    q: state.q, kind: state.kind, tag: state.tag, author: state.author, lang: state.lang, feed,
    since: state.since && midnight(state.since), until: state.until && midnight(state.until, 1),
    zone: zone(), limit: Math.min(Math.max(Number(state.n) || PAGE, 1), MOST),
  };
}

// What was understood of a question, `from Katya` or `2026-03-01..2026-03-31`, in the reader's language.
const inWords = (said) => (said.startsWith("from ") ? t("from_author", visible(said.slice(5)))
  : [...new Set(said.split(".."))].map(utcDay).join(" – "));

export function Search({ state, feeds, say }) {
  const values = asked(state, feeds);
  const { data: found, fault, loading, fresh, again } = useAsk(values && "search", values);
  const data = values ? found : NOTHING;
  const [active, activate] = useState(-1);
  const results = fault ? [] : data?.results ?? [];
  const has = wanted(state.q);
  // Results are in the order of more than their chances: all from this place on are weak.
  const likely = results.findLastIndex((one) => one.fit !== "weak") + 1;

  useEffect(() => activate(-1), [state.q]);
  useEffect(() => {
    if (fresh && data) say(results.length ? count("found", results.length) : t("nothing"));
  }, [fresh, data]);
  useLayoutEffect(() => {
    const keys = (event) => {
      const step = { j: 1, о: 1, k: -1, л: -1 }[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      const next = Math.min(Math.max(active + step, 0), results.length - 1);
      activate(next);
      const card = document.querySelectorAll(".results > .card")[next];
      card?.querySelector(".body").focus({ preventScroll: true });
      card?.scrollIntoView({ block: "nearest" });
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, [results.length, active]);

  if (!feeds.all.length) return html`<${Empty} />`;
  return html`<section class="search" aria-busy=${loading ? "true" : "false"}>
    <h1 class="unseen">${t("search")}: ${visible(state.q)}</h1>
    <${Filters} state=${state} results=${results} feeds=${feeds} />
    ${!state.feed && kinOf(state, feeds).length > MOST_FEEDS && html`<p class="muted small">${count("first_feeds", MOST_FEEDS)}</p>`}
    ${fault && html`<${Failed} fault=${fault} again=${again} />`}
    ${!data && !fault && html`<${Loading} />`}
    ${data && !fault && html`<div class=${loading ? "stale" : ""}>
      <p class="told muted">
        <span>${results.length === 0 ? "" : count(data.cursor ? "best" : "found", results.length)}</span>
        ${data.understood.map((one) => html`<span class="understood" key=${one}>${t("understood", inWords(one))}</span>`)}
        ${results.length > 0 && !data.fits && html`<span>${t("unfit")}</span>`}
      </p>
      ${values && html`<${TellMe} key=${JSON.stringify({ ...values, limit: null })} what=${searched(values)} />`}
      ${results.length === 0 && html`<${Notice} icon="search" title=${t("nothing")}><p>${t("nothing_why")}</p>
        ${chosen(state, feeds).length > 0 && html`<button type="button" class="button"
          onClick=${() => change({ ...NONE, n: null })}>${t("without_filters")}</button>`}<${NotCovered} feeds=${feeds} /><//>`}
      <ol class="results">${results.flatMap((result, place) => [
        place > 0 && place === likely && html`<li key="rest" class="rest"><span>${t("less_likely")}</span></li>`,
        html`<${Card} key=${result.id} result=${result} query=${data.query} has=${has} feeds=${feeds} active=${place === active}
          open=${state.m === (result.kind === "conversation" ? result.post : result.id)} />`])}</ol>
      ${data.cursor && (values.limit < MOST
        ? html`<p class="center"><button type="button" class="button" disabled=${loading}
            onClick=${() => change({ n: values.limit + PAGE }, { replace: true })}>${t("more")}</button></p>`
        : html`<p class="muted center">${t("most")}</p>`)}
    </div>`}
  </section>`;
}

export const isTyping = (element) =>
  element instanceof HTMLElement && (element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName));
