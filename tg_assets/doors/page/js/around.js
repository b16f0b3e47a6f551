// What is around a message: before and after it, in its thread, and what is like it elsewhere. What does not belong
// here: the message itself (`panel.js`).
import { useAsk } from "./api.js";
import { Icon } from "./icons.js";
import { amount, count, t } from "./language.js";
import { Lines } from "./lines.js";
import { Time } from "./parts.js";
import { change, openAs, read, to } from "./route.js";
import { Failed, Loading, Notice } from "./states.js";
import { html } from "./ui.js";
import { captioned, crossed, said, visible } from "./text.js";

const BEFORE = 3, AFTER = 6, MORE = 20, MOST = 100, THREAD = 50;
const side = (given, otherwise) => Math.min(Math.max(Number(given) || otherwise, 0), MOST);

export function Around({ id, state, has }) {
  const before = side(state.before, BEFORE), after = side(state.after, AFTER);
  const { data, fault, again } = useAsk(`messages/${id}/around`, { before, after });
  if (fault) return html`<${Failed} fault=${fault} again=${again} />`;
  if (!data) return html`<${Loading} rows=${2} />`;
  const step = (name, now) => () => change({ [name]: Math.min(now + MORE, MOST) }, { replace: true });
  return html`${data.before.length < before ? html`<p class="muted center small">${t("beginning")}</p>`
      : before < MOST && html`<p class="center"><button type="button" class="button small" onClick=${step("before", before)}>${t("earlier")}</button></p>`}
    <${Lines} messages=${[...data.before, data.message, ...data.after]} focus=${id} has=${has} />
    ${data.after.length < after ? html`<p class="muted center small">${t("end")}</p>`
      : after < MOST && html`<p class="center"><button type="button" class="button small" onClick=${step("after", after)}>${t("later")}</button></p>`}`;
}

export function Thread({ id, state, has }) {
  const { data, fault, again } = useAsk(`messages/${id}/thread`, { limit: THREAD, cursor: state.thread });
  const begin = state.thread && html`<p class="center"><button type="button" class="button small"
    onClick=${() => change({ thread: null })}>${t("thread_begin")}</button></p>`;
  if (fault) return html`<${Failed} fault=${fault} again=${again} />${begin}`;
  if (!data) return html`<${Loading} rows=${2} />`;
  if (data.total < 2) return html`<${Notice} quiet icon="thread" title=${t("alone")} />`;
  return html`<p class="muted small">${count("thread_of", data.total)}</p>${begin}
    <${Lines} messages=${data.messages} focus=${id} has=${has} />
    ${data.cursor && html`<p class="center"><button type="button" class="button small"
      onClick=${() => change({ thread: data.cursor })}>${t("later")}</button></p>`}`;
}

export function Like({ id, feeds, has }) {
  const { data, fault, again } = useAsk(`messages/${id}/similar`, { limit: 10 });
  if (fault) return html`<${Failed} fault=${fault} again=${again} />`;
  if (!data) return html`<${Loading} rows=${3} />`;
  if (!data.length) return html`<${Notice} quiet icon="like" title=${t("none_like")} />`;
  return html`<ul class="likes">${data.map((like) => {
    const one = like.message ?? like.album;
    const written = like.message ? said({ ...like.message, read: null, described: null }) : captioned(like.album);
    const seen = like.message ? like.message.described : like.album.summary;
    return html`<li key=${one.id}><a ...${to({ ...read(), ...openAs(one.id, Boolean(like.album)) })}>
      <header><${Icon} name=${like.album ? "album" : "chat"} /><bdi class="chat">${visible(one.chat ?? feeds.title(one.feed))}</bdi>
        <${Time} at=${one.posted_at} />
        <span class="score">${t(`by_${like.how}`)} · ${amount(Math.round(like.score * 100))} %</span></header>
      <span class="clip" dir="auto">${crossed(written.text ? written : { text: seen || t("no_words") }, has, { links: false })}</span>
    </a></li>`;
  })}</ul>`;
}
