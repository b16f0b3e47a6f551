// A message whole, beside what it was found in: its words, files and album, then what is around it. What does not
// belong here: a tab's own content (`around.js`, `graph.js`, `evidence.js`).
import { Around, Like, Thread } from "./around.js";
import { useAsk } from "./api.js";
import { Evidence } from "./evidence.js";
import { Graph } from "./graph.js";
import { Icon } from "./icons.js";
import { count, t } from "./language.js";
import { Words } from "./lines.js";
import { Files } from "./media.js";
import { Tags, Telegram, Time } from "./parts.js";
import { change, openAs, read, to } from "./route.js";
import { Failed, Loading } from "./states.js";
import { html, useEffect, useRef } from "./ui.js";
import { crossed, said, visible, wanted } from "./text.js";

const TABS = { around: Around, thread: Thread, like: Like, links: Graph, evidence: Evidence };
const ICONS = { around: "chat", thread: "thread", like: "like", links: "graph", evidence: "evidence" };

// The message of an id; of an album's id, its first one.
function useMessage(id, isAlbum) {
  const album = useAsk(isAlbum ? `messages/${encodeURIComponent(id)}/album` : null);
  const first = isAlbum ? album.data?.items[0]?.id : id;
  const message = useAsk(first ? `messages/${encodeURIComponent(first)}` : null);
  return album.fault ? album : message;
}

export const close = () => change(openAs(null));

export function Panel({ id, state, feeds }) {
  const { data, fault, again } = useMessage(id, Boolean(state.a));
  const heading = useRef();
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    return () => requestAnimationFrame(() => document.querySelector(`.card[data-id="${CSS.escape(id)}"] .body`)?.focus({ preventScroll: true }));
  }, [id]);
  const tab = Object.hasOwn(TABS, state.tab) ? state.tab : "around";
  const Tab = TABS[tab];
  const shown = data?.message;
  return html`<aside class="panel" aria-label=${t("message")}>
    <header class="bar"><button type="button" class="icon-button" aria-label=${t("close")} onClick=${close}>
        <span class="narrow"><${Icon} name="back" /></span><span class="broad"><${Icon} name="close" /></span></button>
      <h2 ref=${heading} tabindex="-1">${shown ? html`<bdi>${visible(shown.chat ?? feeds.title(shown.feed))}</bdi>` : t("message")}</h2>
      ${shown && html`<${Telegram} link=${shown.link} />`}</header>
    ${fault && html`<${Failed} fault=${fault} again=${again} />`}
    ${!data && !fault && html`<${Loading} rows=${2} />`}
    ${data && html`<div class="scroll" tabindex="-1">
      <${Whole} data=${data} has=${state.q ? wanted(state.q) : null} />
      <${Tabs} tab=${tab} />
      <div role="tabpanel" id="tab-panel" aria-labelledby=${`tab-${tab}`} tabindex="0">
        <${Tab} key=${`${shown.id}${tab}`} whole=${data} id=${shown.id} state=${state} feeds=${feeds}
          has=${state.q ? wanted(state.q) : null} /></div>
    </div>`}
  </aside>`;
}

function Whole({ data, has }) {
  const { message, album } = data;
  const files = album
    ? album.items.map((item) => ({ kind: item.media_kind, sha256: item.sha256, plays: item.plays, role: "primary" }))
    : data.media;
  const captions = (album?.items ?? []).filter((item) => item.text && item.id !== message.id && item.text !== message.text);
  const tags = data.enrichments.find((one) => one.kind === "tags")?.data?.names;
  return html`<article class="whole">
    <header><bdi class="author">${visible(message.author) || t("somebody")}</bdi><${Time} at=${message.posted_at} />
      ${data.versions.length > 1 && html`<a class="quiet-link" ...${to({ ...read(), tab: "evidence" })}><${Icon} name="evidence" />
        ${count("edits", data.versions.length)}</a>`}
      ${album && html`<span class="kind"><${Icon} name="album" />${t("kind_album")} · ${count("items", album.items.length)}</span>`}</header>
    ${data.reply_to && html`<a class="quote" ...${to({ ...read(), ...openAs(data.reply_to.id) })}>
      <span class="muted"><${Icon} name="reply" />${t("reply_to")} <bdi>${visible(data.reply_to.author) || t("somebody")}</bdi></span>
      <span class="clip" dir="auto">${said(data.reply_to).text ? crossed(said(data.reply_to), has, { links: false }) : t("no_words")}</span></a>`}
    <${Files} files=${files} label=${message.described ?? ""} />
    <${Words} message=${message} has=${has} />
    ${captions.map((item) => html`<p key=${item.id} class="text" dir="auto">${crossed(item, has)}</p>`)}
    <${Tags} tags=${Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : []} />
  </article>`;
}

function Tabs({ tab }) {
  const names = Object.keys(TABS);
  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = names[(names.indexOf(tab) + step + names.length) % names.length];
    change({ tab: next }, { replace: true });
    document.getElementById(`tab-${next}`).focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${t("message")} onKeyDown=${keys}>
    ${names.map((name) => html`<button type="button" role="tab" key=${name} id=${`tab-${name}`} aria-controls="tab-panel"
      aria-selected=${name === tab ? "true" : "false"} tabindex=${name === tab ? 0 : -1}
      onClick=${() => change({ tab: name === "around" ? null : name })}><${Icon} name=${ICONS[name]} />${t(`tab_${name}`)}</button>`)}
  </div>`;
}
