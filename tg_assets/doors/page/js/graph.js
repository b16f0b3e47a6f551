// The neighbours of a message as a small graph: what it answers and where it is from, what answers it and where it went
// on, its album. The layout is a few lines: three columns where there is room, else one below the other. Each box leads
// on. What does not belong here: questions to the whole graph (`questions.js`).
import { t, moment } from "./language.js";
import { openAs, read, to } from "./route.js";
import { Notice } from "./states.js";
import { runs, said, told, visible } from "./text.js";
import { html, useLayoutEffect, useRef, useState } from "./ui.js";

const HEIGHT = 46, GAP = 12, WIDE = 760, COLUMN = 52, STEP = 26, MOST = 8, LETTER = 7.4, SMALL = 6.7;

function neighbours({ message, reply_to, replies, forwarded_post, forwards, album }) {
  const node = (how) => (one) => ({ how, id: one.id, who: one.author ?? one.chat, at: one.posted_at, said: said(one) });
  const before = [reply_to].filter(Boolean).map(node("reply_to"));
  if (forwarded_post) before.push(node("forwarded_from")(forwarded_post));
  else if (message.forwarded_from) before.push({ how: "forwarded_from", id: null, who: message.forwarded_from, said: { text: "" } });
  const items = (album?.items ?? []).filter((item) => item.id !== message.id)
    .map((item) => ({ how: "album", id: item.id, who: `${t("kind_album")} · ${item.position + 1}`, said: said(item).text ? said(item) : { text: t(`file_${item.media_kind}`) } }));
  const after = [...replies.map(node("reply")), ...forwards.map(node("forward")), ...items];
  const more = after.length - MOST;
  return [before, more > 0 ? after.slice(0, MOST) : after, Math.max(more, 0)];
}

// Boxes with places, and edges between them.
function layout(before, self, after, width) {
  const column = (all) => all.length * (HEIGHT + GAP) - GAP;
  if (width >= WIDE) {
    const box = Math.min((width - 2 * COLUMN) / 3, 300);
    const height = Math.max(column(before), column(after), HEIGHT);
    const place = (all, x) => all.map((one, row) => ({ ...one, x, y: (height - column(all)) / 2 + row * (HEIGHT + GAP), w: box }));
    const [left, [middle], right] = [place(before, 0), place([self], before.length ? box + COLUMN : 0), place(after, (before.length ? 2 : 1) * (box + COLUMN))];
    const curve = (from, to) => {
      const [x1, y1, x2, y2] = [from.x + from.w, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
      return `M${x1} ${y1}C${x1 + COLUMN / 2} ${y1} ${x2 - COLUMN / 2} ${y2} ${x2} ${y2}`;
    };
    return { boxes: [...left, middle, ...right], height,
             edges: [...left.map((one) => [one, curve(one, middle)]), ...right.map((one) => [one, curve(middle, one)])] };
  }
  const rows = [...before, self, ...after].map((one, row) => {
    const inset = one === self ? 0 : STEP;
    return { ...one, x: inset, y: row * (HEIGHT + GAP), w: width - inset };
  });
  const middle = rows[before.length];
  const elbow = (one) => {
    const [x, from, y] = [STEP / 2, one.y < middle.y ? middle.y : middle.y + HEIGHT, one.y + HEIGHT / 2];
    const turn = one.y < middle.y ? 8 : -8;
    return `M${x} ${from}V${y + turn}Q${x} ${y} ${x + 8} ${y}H${STEP}`;
  };
  return { boxes: rows, height: rows.length * (HEIGHT + GAP) - GAP, edges: rows.filter((one) => one !== middle).map((one) => [one, elbow(one)]) };
}

// As much of a text as has room, on one line.
function cut(text, width, letter) {
  const letters = [...runs(text)].flatMap(([piece, isStruck]) => [...visible(piece).replace(/\s+/g, " ")].map((one) => [one, isStruck]));
  const most = Math.max(Math.floor(width / letter), 4);
  const found = [];
  for (const [one, isStruck] of letters.length > most ? [...letters.slice(0, most - 1), ["…", false]] : letters) {
    if (found.at(-1)?.[1] === isStruck) found.at(-1)[0] += one;
    else found.push([one, isStruck]);
  }
  return found.map(([piece, isStruck]) => (isStruck ? html`<tspan class="struck">${piece}</tspan>` : piece));
}

export function Graph({ whole }) {
  const frame = useRef();
  const [width, measure] = useState(0);
  const [before, after, more] = neighbours(whole);
  const isAlone = before.length + after.length === 0;
  useLayoutEffect(() => {
    if (!frame.current) return undefined;
    const watch = new ResizeObserver(([entry]) => measure(Math.floor(entry.contentRect.width)));
    watch.observe(frame.current);
    return () => watch.disconnect();
  }, [isAlone]);
  if (isAlone) return html`<${Notice} quiet icon="graph" title=${t("no_links")} />`;
  const { message } = whole;
  const self = { how: "self", id: message.id, who: message.author ?? message.chat, at: message.posted_at, said: said(message) };
  const { boxes, edges, height } = layout(before, self, after, width);
  return html`<div class="graph" ref=${frame}>
    ${width > 0 && html`<svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="group" aria-label=${t("graph_of")}>
      ${edges.map(([one, path]) => html`<path class=${`edge ${one.how}`} d=${path} />`)}
      ${boxes.map((one) => html`<${Box} key=${one.how + (one.id ?? one.who)} one=${one} />`)}
    </svg>`}
    ${more > 0 && html`<p class="muted small">${t("and_more", more)}</p>`}
  </div>`;
}

function Box({ one }) {
  const how = one.how === "self" ? "" : t(`edge_${one.how}`);
  const room = one.w - 20;
  const top = [how, visible(one.who) || t("somebody")].filter(Boolean).join(" · ");
  const below = one.said.text ? one.said : { text: one.at ? moment(one.at) : "" };
  const drawn = html`<rect x=${one.x + 0.5} y=${one.y + 0.5} width=${one.w - 1} height=${HEIGHT - 1} rx="7" />
    <svg x=${one.x + 10} y=${one.y} width=${room} height=${HEIGHT}>
      <text y=${below.text ? 18 : 28} class="who">${cut({ text: top }, room, LETTER)}</text>
      <text y="35" class="said">${cut(below, room, SMALL)}</text></svg>`;
  const label = [top, one.at && moment(one.at), visible(told(one.said))].filter(Boolean).join(", ").slice(0, 200);
  if (!one.id || one.how === "self") return html`<g class=${`box ${one.how}`}>${drawn}</g>`;
  return html`<a class=${`box ${one.how}`} aria-label=${label} ...${to({ ...read(), ...openAs(one.id), tab: "links" })}>${drawn}</a>`;
}
