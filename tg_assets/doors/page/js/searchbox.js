// The search box: answers while somebody types. The list below it is of the words that the last one may become, then
// of messages; arrows go through it. What does not belong here: results of a whole question.
import { ask } from "./api.js";
import { Icon } from "./icons.js";
import { moment, t } from "./language.js";
import { go, openAs, read } from "./route.js";
import { html, useEffect, useRef, useState } from "./ui.js";
import { crossed, folded, visible, wanted } from "./text.js";

const PAUSE_MS = 80;
const WORDS = 4, HITS = 5;

function useSuggestions(typed, feeds) {
  const [found, set] = useState({ words: [], hits: [], of: "" });
  useEffect(() => {
    if (typed.trim().length < 2) {
      set({ words: [], hits: [], of: typed });
      return undefined;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      ask("suggest", { q: typed, feed: feeds, limit: HITS }, stop.signal).then(
        (answer) => set({ words: answer.words.slice(0, WORDS), hits: answer.hits, of: typed }),
        () => {}, // whoever types on gets the next answer; the search itself says what is wrong
      );
    }, PAUSE_MS);
    return () => (clearTimeout(timer), stop.abort());
  }, [typed, (feeds ?? []).join()]);
  return found;
}

export function SearchBox({ state, compact }) {
  const [typed, type] = useState(state.q ?? "");
  const [open, opens] = useState(false);
  const [chosen, choose] = useState(-1);
  const field = useRef();
  const found = useSuggestions(open ? typed : "", state.feed);
  useEffect(() => type(state.q ?? ""), [state.q]);

  const last = typed.match(/[\p{L}\p{N}'’]*$/u)[0], begun = folded(last);
  const options = [
    // Those that go on with what is typed by now: they may be an answer to what was typed before.
    ...found.words.filter((word) => begun && word !== begun && word.startsWith(begun)).map((word) => ({ word })),
    ...found.hits.map((hit) => ({ hit })),
  ];
  const shown = open && options.length > 0;

  function search(question) {
    opens(false);
    choose(-1);
    const before = read();
    const filters = before.view && before.view !== "search" ? {} : before;
    go({ ...filters, view: null, name: null, ...openAs(null), q: question.trim() || null, n: null });
  }
  function take(option) {
    if (option.word) {
      const whole = typed.slice(0, typed.length - last.length) + option.word;
      type(`${whole} `);
      search(whole);
      return;
    }
    opens(false);
    const question = typed.trim();
    go({ ...read(), view: null, q: question, ...openAs(option.hit.post, option.hit.kind === "album") });
  }
  function keys(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      opens(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose((at) => (at + step + 1 + options.length + 1) % (options.length + 1) - 1);
    } else if (event.key === "Escape") {
      event.preventDefault(); // a browser would empty the field
      event.stopPropagation();
      if (shown) opens(false);
      else field.current.blur();
      choose(-1);
    }
  }
  function submit(event) {
    event.preventDefault();
    if (shown && options[chosen]) return take(options[chosen]);
    search(typed);
    field.current.blur();
    return undefined;
  }
  const has = wanted(found.of, true);
  return html`<form role="search" class=${compact ? "searchbox compact" : "searchbox"} onSubmit=${submit}>
    <${Icon} name="search" />
    <input ref=${field} id="q" name="q" type="search" value=${typed} placeholder=${t("ask_here")} aria-label=${t("ask_here")}
      maxlength="1000" autocomplete="off" autocapitalize="off" spellcheck=${false} enterkeyhint="search" dir="auto"
      role="combobox" aria-expanded=${shown ? "true" : "false"} aria-controls="suggestions" aria-autocomplete="list"
      aria-activedescendant=${shown && chosen >= 0 ? `suggestion-${chosen}` : null}
      onInput=${(event) => (type(event.target.value), opens(true), choose(-1))} onKeyDown=${keys}
      onBlur=${() => opens(false)} />
    ${typed ? html`<button type="button" class="icon-button" aria-label=${t("clear")}
        onClick=${() => (type(""), field.current.focus())}><${Icon} name="close" /></button>`
      : html`<kbd aria-hidden="true">/</kbd>`}
    <div class="suggestions" hidden=${!shown}><ul id="suggestions" role="listbox" aria-label=${t("suggestions")}>
      ${options.map((option, place) => html`<li key=${place} id=${`suggestion-${place}`} role="option"
          aria-selected=${place === chosen ? "true" : "false"} class=${option.word ? "word" : "hit"}
          onMouseDown=${(event) => (event.preventDefault(), take(option))}>
        ${option.word
          ? html`<${Icon} name="search" /><span class="text" dir="auto">${visible(typed.slice(0, typed.length - last.length))}<b>${visible(option.word)}</b></span>`
          : html`<${Icon} name=${option.hit.kind === "album" ? "album" : "chat"} />
            <span class="text" dir="auto">${option.hit.pieces.map((piece, at) => html`<span key=${at} class=${piece.source === "written" ? null : "by-machine"}
              title=${piece.source === "written" ? null : t(piece.source)}>${crossed(piece, has, { links: false })} </span>`)}</span>
            <span class="muted"><bdi>${visible(option.hit.chat ?? "")}</bdi> · ${moment(option.hit.posted_at)}</span>`}
      </li>`)}
    </ul></div>
  </form>`;
}
