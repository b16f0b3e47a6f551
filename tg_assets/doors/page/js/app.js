// The frame of the page: what is always there, and which view is shown in it. What does not belong here: views.
import { useAsk, whenRefused } from "./api.js";
import { Digest } from "./digest.js";
import { Feeds } from "./feeds.js";
import { Filters, chosen } from "./filters.js";
import { Icon } from "./icons.js";
import { LANGUAGES, language, speak, t } from "./language.js";
import { Lightbox, SHA256 } from "./media.js";
import { Panel, close } from "./panel.js";
import { Questions } from "./questions.js";
import { go, to, useRoute } from "./route.js";
import { SavedList } from "./saved.js";
import { Search, isTyping } from "./search.js";
import { SearchBox } from "./searchbox.js";
import { Failed, Loading } from "./states.js";
import { FeedTimeline } from "./timeline.js";
import { TokenForm, leave } from "./token.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./ui.js";

const THEMES = ["auto", "light", "dark"];
const ICONS = { auto: "auto", light: "sun", dark: "moon" };

// Feeds by key: their names, for views that have only the key.
function known(all) {
  const byKey = new Map((all ?? []).map((one) => [one.feed, one]));
  return {
    all: all ?? [],
    title: (key) => byKey.get(key)?.title ?? key.replace(/^[^.]*\./, ""),
    kind: (key) => byKey.get(key)?.kind,
  };
}

// `untaken` is a token of the address that the service did not take, or null.
export function App({ untaken }) {
  const state = useRoute();
  const [, redraw] = useState(0);
  // What the form of the token is shown with, while it is.
  const [form, shows] = useState(untaken);
  const [turn, again] = useState(0);
  const [help, helps] = useState(false);
  const [stays, stay] = useState(false);
  const live = useRef();
  const say = (text) => {
    if (live.current) live.current.textContent = text;
  };
  useEffect(() => whenRefused(() => shows((before) => before ?? {})), []);
  // Not after the paint: a key that is pressed at once counts.
  useLayoutEffect(() => {
    const keys = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.key === "Escape" && !event.defaultPrevented && state.m) return close();
      if (isTyping(event.target)) return;
      if (event.key === "/" || (event.code === "Slash" && event.key === ".")) {
        event.preventDefault();
        if (!document.getElementById("q")) go({});
        requestAnimationFrame(() => {
          const field = document.getElementById("q");
          field?.focus();
          field?.select();
        });
      } else if (event.key === "?" || (event.code === "Slash" && event.shiftKey)) helps(true);
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, [state.m]);
  useEffect(() => {
    document.title = [state.q, { feeds: t("feeds"), feed: t("timeline"), ask: t("questions"), digest: t("digest"), saved: t("saved") }[state.view], "tg-assets"].filter(Boolean).join(" · ");
  });
  const frame = { state, redraw: () => redraw((one) => one + 1), help: () => helps(true), out: () => leave().then(() => (stay(false), shows({})), () => stay(true)), isIn: !form };
  return html`<a class="skip" href="#content" onClick=${skip}>${t("skip")}</a>
    <${Bar} ...${frame} />
    <p class="unseen" aria-live="polite" ref=${live}></p>
    ${stays && html`<p class="problem center" role="alert">${t("not_left")}</p>`}
    ${form ? html`<${TokenForm} key=${language()} untaken=${form} then=${() => (shows(null), again(turn + 1))} />`
      : html`<${Inside} key=${`${turn}${language()}`} state=${state} say=${say} />`}
    ${help && html`<${Help} done=${() => helps(false)} />`}
    ${!form && state.pic && SHA256.test(state.pic) && html`<${Lightbox} sha256=${state.pic} among=${state.of} />`}`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Inside({ state, say }) {
  const { data, fault, again } = useAsk("feeds");
  const feeds = known(data);
  if (fault) return html`<main id="content" tabindex="-1" class="page"><${Failed} fault=${fault} again=${again} /></main>`;
  if (!data) return html`<main id="content" tabindex="-1" class="page"><${Loading} /></main>`;
  return html`<div class=${state.m ? "split" : "whole-page"}>
    <main id="content" tabindex="-1" class="page"><${View} state=${state} feeds=${feeds} say=${say} /></main>
    ${state.m && html`<${Panel} key=${state.m} id=${state.m} state=${state} feeds=${feeds} />`}
  </div>`;
}

function View({ state, feeds, say }) {
  if (state.view === "feeds") return html`<${Feeds} feeds=${feeds} />`;
  if (state.view === "feed") return html`<${FeedTimeline} key=${state.feed?.[0]} state=${state} feeds=${feeds} />`;
  if (state.view === "digest") return html`<${Digest} state=${state} feeds=${feeds} />`;
  if (state.view === "saved") return html`<${SavedList} feeds=${feeds} />`;
  if (state.view === "ask") return html`<${Questions} state=${state} feeds=${feeds} />`;
  return html`<${SearchBox} state=${state} compact=${Boolean(state.q)} />
    ${state.q ? html`<${Search} state=${state} feeds=${feeds} say=${say} />` : html`<${Home} state=${state} feeds=${feeds} />`}`;
}

function Home({ state, feeds }) {
  return html`<h1 class="unseen">tg-assets</h1>
    ${chosen(state, feeds).length > 0 && html`<${Filters} state=${state} results=${[]} feeds=${feeds} />`}
    <${Feeds} feeds=${feeds} first />`;
}

function Bar({ state, redraw, help, out, isIn }) {
  const [theme, dye] = useState(document.documentElement.dataset.theme ?? "auto");
  const turn = () => {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // This browser keeps nothing: it is chosen until the page is left.
    }
    dye(next);
  };
  const other = language() === "ru" ? "en" : "ru";
  const views = [["search", {}, "search"], ["digest", { view: "digest" }, "digest"], ["feeds", { view: "feeds" }, "feeds"],
    ["ask", { view: "ask" }, "questions"], ["saved", { view: "saved" }, "saved"]];
  const now = state.view === "feed" ? "feeds" : (state.view ?? "search");
  return html`<header class="top"><a class="mark" ...${to({})}><svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect width="32" height="32" rx="8" />
      <path d="M9 10.5h14M9 16h9M9 21.5h5M24.5 23l2.6 2.6" /><circle cx="22" cy="20.5" r="3.4" /></svg><span>tg-assets</span></a>
    ${isIn && html`<nav aria-label=${t("sections")}>${views.map(([name, where, words]) => html`<a key=${name} ...${to(where)}
      aria-current=${now === name ? "page" : null}>${t(words)}</a>`)}</nav>`}
    <span class="grow" />
    <button type="button" class="icon-button text-button" lang=${other} aria-label=${LANGUAGES[other]} onClick=${() => (speak(other), redraw())}>${other.toUpperCase()}</button>
    <button type="button" class="icon-button" aria-label=${t("theme", t(`theme_${theme}`))} title=${t("theme", t(`theme_${theme}`))} onClick=${turn}><${Icon} name=${ICONS[theme]} /></button>
    <button type="button" class="icon-button keys" aria-label=${t("help")} title=${t("help")} onClick=${help}><${Icon} name="keys" /></button>
    ${isIn && html`<button type="button" class="icon-button" aria-label=${t("leave")} title=${t("leave")} onClick=${out}><${Icon} name="out" /></button>`}
  </header>`;
}

function Help({ done }) {
  const dialog = useRef();
  useEffect(() => dialog.current.showModal(), []);
  const keys = [["/", "key_search"], ["j k", "key_next"], ["Enter", "key_open"], ["← → ↑ ↓", "key_tabs"], ["Esc", "key_close"], ["?", "key_help"]];
  return html`<dialog ref=${dialog} class="help" aria-labelledby="help-title" onClose=${done}
      onClick=${(event) => event.target === dialog.current && dialog.current.close()}>
    <div class="inner"><header class="head"><h2 id="help-title">${t("help")}</h2><button type="button" class="icon-button" aria-label=${t("close")}
      onClick=${() => dialog.current.close()}><${Icon} name="close" /></button></header>
    <dl>${keys.map(([key, words]) => html`<div key=${key}><dt>${key.split(" ").map((one) => html`<kbd>${one}</kbd> `)}</dt><dd>${t(words)}</dd></div>`)}</dl></div>
  </dialog>`;
}
