// One result of a search: where it stands, why it was found, its files, and what can be done with it. What does not
// belong here: the list (`search.js`), the message in full (`panel.js`).
import { tell } from "./api.js";
import { Icon } from "./icons.js";
import { count, moment, t, whole } from "./language.js";
import { Files } from "./media.js";
import { openAs, read, to } from "./route.js";
import { Machine, Tags, Telegram, Time } from "./parts.js";
import { html, useState } from "./ui.js";
import { crossed, said, visible, words } from "./text.js";

const LINES = 2, TAGS = 6;

export function Card({ result, query, has, feeds, active, open }) {
  const id = result.kind === "conversation" ? result.post : result.id;
  const author = visible(result.author) || null;
  const pieces = [...result.pieces, ...(result.picture ? [{ source: "described", text: result.picture }] : [])];
  const written = pieces.filter((piece) => piece.source === "written");
  // What a person wrote stands above the pictures, what a model says of them below.
  const [first, rest] = written.length ? [written, pieces.filter((piece) => !written.includes(piece))] : [pieces, []];
  const opens = (tab = null) => to({ ...read(), ...openAs(id, result.kind === "album"), tab });
  return html`<li class=${`card${active ? " active" : ""}${open ? " open" : ""}`} data-id=${id}>
    <article aria-label=${`${visible(result.chat) || ""} ${moment(result.posted_at)}`}>
      <header>
        <bdi class="chat">${visible(result.chat ?? feeds.title(result.feed))}</bdi>
        ${author && author !== visible(result.chat) && html`<bdi class="author">${author}</bdi>`}
        <${Time} at=${result.posted_at} />
        ${result.edited_at && html`<span class="muted" title=${whole(result.edited_at)}>${t("edited")}</span>`}
        ${result.kind !== "post" && html`<span class="kind"><${Icon} name=${result.kind === "album" ? "album" : "chat"} />
          ${t(`kind_${result.kind}`)}${result.kind === "album" && result.media.length > 0 && ` · ${result.media.length}`}</span>`}
        <span class=${`score ${result.fit}`} title=${t("score")}>${Math.round(result.score * 100)} %</span>
      </header>
      ${result.kind === "conversation" && html`<${Context} lines=${result.before.slice(-LINES)} has=${has} />`}
      <a class="body" ...${opens()} aria-current=${open ? "true" : null} aria-label=${`${t("open")}: ${visible(result.text).slice(0, 120)}`}>
        <${Pieces} pieces=${first} has=${has} /></a>
      ${result.kind === "conversation" && html`<${Context} lines=${result.after.slice(0, LINES)} has=${has} />`}
      <${Files} files=${result.media} small label=${result.picture ?? ""} />
      <${Pieces} pieces=${rest} has=${has} />
      <${Tags} tags=${result.tags} most=${TAGS} />
      <${Copies} copies=${result.copies} feeds=${feeds} />
      <footer>
        <${Judge} key=${query} question=${query} result=${id} />
        <a class="quiet-link" ...${opens("like")}><${Icon} name="like" />${t("tab_like")}</a>
        ${result.versions > 1 && html`<a class="quiet-link" ...${opens("evidence")}><${Icon} name="evidence" />${count("edits", result.versions)}</a>`}
        <${Telegram} link=${result.link} />
      </footer>
    </article>
  </li>`;
}

// A snippet, each piece with who wrote it: nobody takes a model's words for a person's.
function Pieces({ pieces, has }) {
  return pieces.map((piece, place) => (piece.source === "written"
    ? html`<p key=${place} class="text" dir="auto">${crossed(piece, has, { links: false })}</p>`
    : html`<${Machine} key=${place} source=${piece.source}>${words(piece.text, has, { links: false })}<//>`));
}

function Context({ lines, has }) {
  if (!lines.length) return null;
  return html`<ul class="context">${lines.map((line) => html`<li key=${line.id}>
    <bdi class="author">${visible(line.author) || t("somebody")}</bdi>
    <span dir="auto">${said(line).text ? crossed(said(line), has, { links: false }) : t("no_words")}</span>
  </li>`)}</ul>`;
}

function Copies({ copies, feeds }) {
  if (!copies.length) return null;
  return html`<details class="copies"><summary>${count("copies", copies.length)}</summary><ul>
    ${copies.map((copy) => html`<li key=${copy.id}><a ...${to({ ...read(), ...openAs(copy.id) })}><bdi>${visible(copy.chat ?? feeds.title(copy.feed))}</bdi>,
      ${" "}${moment(copy.posted_at)}</a></li>`)}</ul></details>`;
}

function Judge({ question, result }) {
  const [said, say] = useState(null);
  const [failed, fails] = useState(false);
  const judge = (isIt) => () =>
    tell("judgements", { question, result, is_it: isIt }).then(() => (say(isIt), fails(false)), () => fails(true));
  return html`<span class="judge" role="group" aria-label=${t("judge")}>
    <button type="button" class="quiet-link" aria-pressed=${said === true ? "true" : "false"} onClick=${judge(true)}>
      <${Icon} name="yes" />${t("this_is_it")}</button>
    <button type="button" class="quiet-link" aria-pressed=${said === false ? "true" : "false"} onClick=${judge(false)}>
      <${Icon} name="no" />${t("not_it")}</button>
    <span class="muted" role="status">${failed ? t("fault") : said === null ? "" : t("kept")}</span>
  </span>`;
}
