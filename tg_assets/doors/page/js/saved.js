// «Tell me»: saving what is asked, and the list of what is saved, each with the address of its feed. What does not
// belong here: asking.
import { forget, tell, useAsk } from "./api.js";
import { Icon } from "./icons.js";
import { count, day, local, moment, t } from "./language.js";
import { Telegram, Time } from "./parts.js";
import { openAs, read, to } from "./route.js";
import { Failed, Loading, Notice } from "./states.js";
import { html, useRef, useState } from "./ui.js";
import { begun, crossed, unmarked, visible } from "./text.js";

const WORDS = 220;

// What a search of the page is to the API when it is saved. Lines of conversations are found as messages.
export function searched({ q, kind, tag, author, lang, feed, since, until }) {
  return { search: { q, kind: kind === "conversation" ? null : kind, tags: tag ?? [], author, lang, feeds: feed, since, until } };
}

// A button that saves, then where its feed is.
export function TellMe({ what }) {
  const [made, make] = useState(null);
  const [fault, fails] = useState(null);
  const [busy, is] = useState(false);
  const save = () => {
    is(true);
    tell("saved", what).then((one) => (forget(), make(one), fails(null)), fails).finally(() => is(false));
  };
  return html`<div class="tell-me">
    ${!made && html`<button type="button" class="button small" disabled=${busy} onClick=${save}><${Icon} name="bell" />${t("tell_me")}</button>`}
    <div role="status">${fault && html`<p class="problem">${t("not_saved")}: <span dir="auto">${fault.message || t("fault")}</span></p>`}
      ${made && html`<${Address} made=${made}><p><${Icon} name="yes" />${t("is_saved")} <a ...${to({ view: "saved" })}>${t("all_saved")}</a></p><//>`}</div>
  </div>`;
}

// An address with its key, which is told once.
function Address({ made, children }) {
  const [copied, copy] = useState(false);
  const field = useRef();
  const take = () => {
    field.current.select();
    navigator.clipboard?.writeText(made.atom).then(() => copy(true), () => {});
  };
  return html`<div class="address">${children}
    <label>${t("feed_address")}<span class="row"><input type="text" readonly ref=${field} value=${made.atom} onFocus=${(event) => event.target.select()} />
      <button type="button" class="button" onClick=${take}>${copied ? t("copied") : t("copy")}</button></span></label>
    <p class="muted small">${t("feed_address_once")}</p></div>`;
}

export function SavedList({ feeds }) {
  const { data, fault, loading, again } = useAsk("saved");
  const renew = () => (forget(), again());
  return html`<section class="saved" aria-busy=${loading ? "true" : "false"}>
    <header class="head"><div><h1>${t("saved")}</h1><p class="muted">${t("saved_why")}</p></div></header>
    ${fault && html`<${Failed} fault=${fault} again=${again} />`}
    ${!data && !fault && html`<${Loading} />`}
    ${data?.length === 0 && html`<${Notice} icon="bell" title=${t("none_saved")}><p>${t("none_saved_why")}</p><//>`}
    ${data?.length > 0 && html`<ul>${data.map((one) => html`<${One} key=${one.id} one=${one} feeds=${feeds} renew=${renew} />`)}</ul>`}
  </section>`;
}

function One({ one, feeds, renew }) {
  const [made, make] = useState(null);
  const [failed, fails] = useState(false);
  const [open, opens] = useState(false);
  const act = (path, method, then) => () => tell(path, {}, method).then((said) => (fails(false), then(said)), () => fails(true));
  const { asked } = one;
  const narrow = one.kind === "search" ? [...asked.feeds.map((feed) => feeds.title(feed)), asked.author, asked.kind && t(`kind_${asked.kind}`),
    ...asked.tags, asked.lang && t(`lang_${asked.lang}`)].filter(Boolean) : [];
  return html`<li class="one">
    <header><${Icon} name=${one.kind === "search" ? "search" : "question"} /><a class="title" ...${to(place(one))}><bdi>${visible(one.name)}</bdi></a></header>
    <p class="muted small">${t("saved_at", day(one.made_at))} · ${one.matches ? count("matches", one.matches) : t("no_matches")}${one.newest && ` · ${t("newest_at", moment(one.newest))}`}
      ${narrow.length > 0 && html` · <bdi>${visible(narrow.join(", "))}</bdi>`}</p>
    ${one.failed_at && html`<p class="missing small"><${Icon} name="warn" /> ${t("cannot_be_asked", moment(one.failed_at))}</p>`}
    ${one.webhook && html`<p class=${one.telling === "fine" ? "muted small" : "missing small"}><${Icon} name=${one.telling === "fine" ? "plane" : "warn"} />
      ${t(`told_${one.telling}`, visible(one.webhook))}${one.waiting > 0 && ` · ${count("waiting", one.waiting)}`}</p>`}
    ${made && html`<${Address} made=${made} />`}
    <p class="problem" role="status">${failed && t("fault")}</p>
    <footer>
      ${one.matches > 0 && html`<button type="button" class="quiet-link" aria-expanded=${open ? "true" : "false"} onClick=${() => opens(!open)}><${Icon} name="down" />${t("show_matches")}</button>`}
      <a class="quiet-link" href=${`/api/v1/saved/${one.id}/atom`} target="_blank" rel="noopener noreferrer"><${Icon} name="bell" />${t("atom")}<span class="unseen"> ${t("new_window")}</span></a>
      <button type="button" class="quiet-link" onClick=${act(`saved/${one.id}/key`, "POST", make)}><${Icon} name="key" />${t("new_address")}</button>
      ${one.telling && one.telling !== "fine" && html`<button type="button" class="quiet-link" onClick=${act(`saved/${one.id}/retry`, "POST", renew)}><${Icon} name="again" />${t("again")}</button>`}
      <button type="button" class="quiet-link" aria-label=${`${t("remove_saved")}: ${visible(one.name)}`} onClick=${act(`saved/${one.id}`, "DELETE", renew)}><${Icon} name="close" />${t("remove_saved")}</button>
    </footer>
    ${open && html`<${Matches} id=${one.id} feeds=${feeds} />`}
  </li>`;
}

function Matches({ id, feeds }) {
  const { data, fault, again } = useAsk(`saved/${id}/matches`, { limit: 20 });
  if (fault) return html`<${Failed} fault=${fault} again=${again} />`;
  if (!data) return html`<${Loading} rows=${1} />`;
  if (!data.length) return html`<p class="muted small">${t("matches_gone")}</p>`;
  return html`<ol class="matches">${data.map((one) => {
    const short = one.text ? crossed(begun(unmarked(one.text), WORDS), null, { links: false }) : t("no_words");
    return html`<li key=${one.key}>${one.message ? html`<a dir="auto" ...${to({ ...read(), ...openAs(one.message) })}>${short}</a>` : html`<span dir="auto">${short}</span>`}
      <div class="where muted">${one.feed && html`<bdi>${visible(one.chat ?? feeds.title(one.feed))}</bdi>`}${one.author && html`<bdi>${visible(one.author)}</bdi>`}
        ${one.posted_at && html`<${Time} at=${one.posted_at} />`}<${Telegram} link=${one.link} /></div></li>`;
  })}</ol>`;
}

// Where on the page a saved question is asked.
function place({ kind, asked }) {
  if (kind === "graph")
    return { view: "ask", name: asked.question, go: "1", ...Object.fromEntries(Object.entries(asked.parameters).map(([name, value]) => [`p.${name}`, value])) };
  const { q, kind: only, author, lang, tags, feeds, since, until } = asked;
  return { q, kind: only, author, lang, tag: tags, feed: feeds, since: since && local(since), until: until && local(until, -1) };
}
