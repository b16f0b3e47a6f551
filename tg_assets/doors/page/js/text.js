// Strangers' text as text: hidden characters by their names, links and hashtags that can be followed, words of the
// question marked. Everything that comes out is text or an element made here; nothing is ever read as markup.
import { EMPTY } from "./empty.js";
import { html } from "./ui.js";
import { to } from "./route.js";

// Controls, overrides and isolates of direction, blanks that look like nothing, Unicode's tag characters.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]+/gu;
// Selectors and joiners inside emoji say nothing.
const OF_EMOJI = /(?<=[^\p{L}\p{N}\s])\ufe0f|(?<=[^\p{L}\p{N}\s])\u200d(?=[^\p{L}\p{N}\s])|(?<=[0-9#*])\ufe0f(?=\u20e3)/gu;
// Marks that stand over each other, as many as there are: a few say what they have to.
const MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]";
const MARKS = new RegExp(`(${MARK}{3})(${MARK}+)`, "g");
const FEW = 2;
const PIECE = /(https?:\/\/[^\s<>"'`«»“”‘’]{3,2000})|(#[\p{L}\p{N}_]{2,64})/gu;
const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu;
const TRAILING = /[.,;:!?)\]}…]$/;
const OPENED = { ")": "(", "]": "[", "}": "{" };

export function visible(text) {
  return String(text ?? "").replace(/\r\n/g, "\n").replace(OF_EMOJI, "")
    .replace(MARKS, (_, few, more) => `${few}⟨+${more.length}⟩`).replace(HIDDEN, (run) => {
    const all = [...run];
    const named = (one) => `⟨U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
    return all.length <= FEW ? all.map(named).join("") : `${named(all[0])}⟨+${all.length - 1}⟩`;
  });
}

const RUSSIAN = /^(?:иями|ями|ами|ием|иях|ого|его|ому|ему|ыми|ими|ешь|ете|ишь|ите|ает|яет|ают|яют|ться|тся|ать|ять|ить|еть|уть|али|или|ели|ала|ила|ела|ало|ило|ело|ах|ях|ов|ев|ей|ой|ий|ый|ая|яя|ое|ее|ые|ие|ую|юю|ом|ем|ам|ям|ия|ию|ии|ет|ит|ут|ют|ат|ят|ся|сь|ал|ил|ел|а|я|о|е|и|ы|у|ю|ь|й)?$/;
const ENGLISH = /^(?:ations?|ingly|edly|ings?|ed|es|s|ly|e)?$/;
const SHORT = 3;

export const folded = (word) => word.toLowerCase().replaceAll("ё", "е").replaceAll("’", "'");
// Without «'s», but no «O'» alone.
const plain = (word) => word.replace(/(?<=.{3})'.*$/, "");

// Whether two folded words are forms of one, roughly: they begin alike, and each goes on with an ending or not at all.
// Enough to mark, never to find.
function kin(one, other) {
  if (one === other) return true;
  const ending = /[а-я]/.test(one) ? RUSSIAN : ENGLISH;
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  for (; same >= SHORT; same -= 1) if (ending.test(one.slice(same)) && ending.test(other.slice(same))) return true;
  return false;
}

// Tells of a word whether the question has it; the last word is a beginning where `typing`. Words that every question
// has count where it has no others.
export function wanted(query, typing = false) {
  const every = [...String(query ?? "").matchAll(WORD)].map((found) => folded(found[0]));
  const counts = every.some((word) => !EMPTY.has(word)) ? (word) => !EMPTY.has(word) : () => true;
  const beginning = typing && !/\s$/.test(query) ? every.pop() : null;
  const asked = every.filter(counts).map(plain);
  return (found) => {
    const word = folded(found);
    if (!counts(word)) return false;
    return asked.some((one) => kin(one, plain(word))) || (beginning ? word.startsWith(beginning) : false);
  };
}

export function marked(text, has) {
  if (!has) return [text];
  const found = [];
  let from = 0;
  for (const match of text.matchAll(WORD)) {
    if (!has(match[0])) continue;
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push(html`<mark>${match[0]}</mark>`);
    from = match.index + match[0].length;
  }
  found.push(text.slice(from));
  return found;
}

// An address without the marks after it; a bracket that is opened in it is its own, as in «…/wiki/Mercury_(planet)».
function bare(said) {
  let shown = said;
  for (; TRAILING.test(shown); shown = shown.slice(0, -1)) {
    const last = shown.at(-1);
    if (OPENED[last] && shown.split(OPENED[last]).length >= shown.split(last).length) break;
  }
  return shown;
}

function link(said, has) {
  const shown = bare(said);
  let href = null;
  try {
    href = new URL(shown).href;
  } catch {
    return marked(said, has);
  }
  return [html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${shown}</a>`, said.slice(shown.length)];
}

// A message's words: an array of text and elements.
export function words(text, has, { links = true } = {}) {
  const said = visible(text);
  if (!links) return marked(said, has);
  const found = [];
  let from = 0;
  for (const match of said.matchAll(PIECE)) {
    found.push(...marked(said.slice(from, match.index), has));
    if (match[1]) found.push(...link(match[1], has));
    else found.push(html`<a class="hashtag" ...${to({ q: match[2] })}>${match[2]}</a>`);
    from = match.index + match[0].length;
  }
  found.push(...marked(said.slice(from), has));
  return found;
}

// A text in pieces, each with whether its author crossed it out; `struck` are those parts, in code units as strings
// have them.
export function* runs({ text, struck }) {
  let from = 0;
  for (const { offset, length } of struck ?? []) {
    const [begin, end] = [Math.max(offset, from), offset + length];
    if (begin >= end || end > text.length) continue;
    yield [text.slice(from, begin), false];
    yield [text.slice(begin, end), true];
    from = end;
  }
  yield [text.slice(from), false];
}

// A text's words with what is crossed out between `<s>`.
export const crossed = (said, has, how = {}) => [...runs(said)].flatMap(([piece, isStruck]) =>
  isStruck ? html`<s>${words(piece, has, how)}</s>` : words(piece, has, how));

// What a message says, with what is crossed out in it: its words, else what else it has.
export function said(message) {
  if (message.text) return { text: message.text, struck: message.struck };
  return { text: [message.spoken, message.read, message.described].find(Boolean) ?? "", struck: [] };
}

// An album's caption likewise, which is the text of one of its messages; `album` may be none.
export const captioned = (album) => said({ text: album?.caption, struck: album?.items.find((one) => one.text === album.caption)?.struck });

// The same for who hears a name of something, where nothing can be crossed out: between `~~`.
export const told = (said) => [...runs(said)].map(([piece, isStruck]) => (isStruck ? `~~${piece}~~` : piece)).join("");

// What the API gives as text alone, where what is crossed out stands between `~~`. Marks that are no pairs are words.
export function unmarked(text) {
  const pieces = text.split("~~");
  if (pieces.length % 2 === 0) return { text, struck: [] };
  const struck = [];
  let offset = 0;
  for (const [place, piece] of pieces.entries()) {
    if (place % 2) struck.push({ offset, length: piece.length });
    offset += piece.length;
  }
  return { text: pieces.join(""), struck };
}

// The beginning of a text.
export function begun({ text, struck }, most) {
  if (text.length <= most) return { text, struck };
  const kept = text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
  const inside = (struck ?? []).filter(({ offset, length }) => offset + length <= text.length);
  return { text: `${kept}…`, struck: inside.map(({ offset, length }) => ({ offset, length: Math.min(length, kept.length - offset) })) };
}

// An address that Telegram's own links have, or null.
export function telegram(link) {
  return typeof link === "string" && /^https:\/\/(t\.me|telegram\.me)\//.test(link) ? link : null;
}
