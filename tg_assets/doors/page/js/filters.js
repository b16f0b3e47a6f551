// Filters of a search: what is chosen, and what there is to choose, counted among the results shown. What does not
// belong here: searching.
import { Icon } from "./icons.js";
import { amount, day, midnight, t } from "./language.js";
import { change } from "./route.js";
import { html, useEffect, useRef, useState } from "./ui.js";
import { visible } from "./text.js";

const KINDS = ["post", "album", "conversation"];
const LANGS = ["ru", "en"];
export const FILTERS = ["feed", "date", "author", "kind", "tag", "source", "lang"];
export const NONE = { feed: null, since: null, until: null, author: null, kind: null, tag: null, source: null, lang: null };

function counted(values) {
  const found = new Map();
  for (const value of values) if (value) found.set(value, (found.get(value) ?? 0) + 1);
  return [...found].sort((a, b) => b[1] - a[1] || String(a[0]).localeCompare(b[0]));
}

// What can be chosen of a filter: [value, words, how many of the results shown].
function choices(name, results, feeds) {
  const number = new Map(counted(
    { feed: () => results.map((one) => one.feed), author: () => results.map((one) => one.author),
      kind: () => results.map((one) => one.kind), tag: () => results.flatMap((one) => one.tags),
      source: () => results.map((one) => feeds.kind(one.feed)), lang: () => [] }[name]?.() ?? [],
  ));
  const values = { feed: feeds.all.map((one) => one.feed), kind: KINDS, lang: LANGS,
                   source: [...new Set(feeds.all.map((one) => one.kind))] }[name] ?? [...number.keys()].slice(0, 40);
  return values.map((value) => [value, worded(name, value, feeds), number.get(value) ?? 0])
    .sort((a, b) => (name === "feed" || name === "source" ? b[2] - a[2] : 0));
}

export function worded(name, value, feeds) {
  if (name === "feed") return visible(feeds.title(value));
  if (name === "kind") return t(`kind_${value}`);
  if (name === "lang") return t(`lang_${value}`);
  if (name === "source") return t(`source_${value}`);
  return visible(value);
}

// What is chosen, as [name, value, words].
export function chosen(state, feeds) {
  const found = [];
  for (const name of ["feed", "author", "kind", "tag", "source", "lang"]) {
    for (const value of [state[name] ?? []].flat()) found.push([name, value, worded(name, value, feeds)]);
  }
  const date = (iso) => (midnight(iso) ? day(midnight(iso)) : visible(iso)); // an address may have what is no day
  if (state.since || state.until)
    found.push(["date", null, [state.since && date(state.since), state.until && date(state.until)].map((one) => one ?? "…").join(" – ")]);
  return found;
}

export function without(state, name, value) {
  if (name === "date") return { since: null, until: null };
  if (Array.isArray(state[name])) return { [name]: state[name].filter((one) => one !== value) };
  return { [name]: null };
}

export function Filters({ state, results, feeds, names = FILTERS }) {
  const [open, opens] = useState(null);
  const bar = useRef();
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event) => !bar.current?.contains(event.target) && opens(null);
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [open]);
  const keys = (event) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    bar.current.querySelector(`[data-filter="${open}"]`).focus();
    opens(null);
  };
  const now = chosen(state, feeds);
  return html`<div class="filters" ref=${bar} onKeyDown=${keys} role="group" aria-label=${t("filters")}>
    ${names.map((name) => {
      const mine = now.filter((one) => one[0] === name);
      return html`<div class="filter" key=${name}>
        <button type="button" data-filter=${name} class=${mine.length ? "chip on" : "chip"} aria-haspopup="true"
          aria-expanded=${open === name ? "true" : "false"} onClick=${() => opens(open === name ? null : name)}>
          <span>${t(name)}${mine.length === 1 && html`: <bdi>${mine[0][2]}</bdi>`}${mine.length > 1 && `: ${amount(mine.length)}`}</span>
          <${Icon} name="down" /></button>
        ${mine.length > 0 && html`<button type="button" class="chip on x" aria-label=${t("remove", t(name))}
          onClick=${() => change({ ...(name === "date" ? { since: null, until: null } : { [name]: null }), n: null })}><${Icon} name="close" /></button>`}
        ${open === name && html`<div class="menu">
          ${name === "date" ? html`<${Dates} state=${state} done=${() => opens(null)} />`
            : html`<${Menu} name=${name} state=${state} choices=${choices(name, results, feeds)} done=${() => opens(null)} />`}
        </div>`}
      </div>`;
    })}
  </div>`;
}

function Menu({ name, state, choices: all, done }) {
  const several = name === "feed" || name === "tag";
  const now = [state[name] ?? []].flat();
  const [typed, type] = useState("");
  const pick = (value) => () => {
    const next = now.includes(value) ? now.filter((one) => one !== value) : several ? [...now, value] : [value];
    change({ [name]: several ? next : (next[0] ?? null), n: null });
    if (!several) done();
  };
  const free = name === "author" || name === "tag";
  const submit = (event) => {
    event.preventDefault();
    if (typed.trim()) pick(typed.trim())();
    done();
  };
  const shown = [...now.filter((value) => !all.some((one) => one[0] === value)).map((value) => [value, visible(value), 0]), ...all]
    .filter((one) => one[1].toLowerCase().includes(typed.trim().toLowerCase()));
  return html`${free && html`<form onSubmit=${submit} class="row"><input type="text" value=${typed} aria-label=${t(`${name}_help`)}
      placeholder=${t(`${name}_help`)} maxlength="200" onInput=${(event) => type(event.target.value)} />
      <button class="button">${t("apply")}</button></form>`}
    <ul>${shown.map(([value, words, number]) => html`<li key=${value}>
      <button type="button" class="choice" aria-pressed=${now.includes(value) ? "true" : "false"} onClick=${pick(value)}>
        <${Icon} name="yes" /><bdi>${words}</bdi>${number > 0 && html`<span class="muted">${amount(number)}</span>`}</button></li>`)}</ul>
    ${all.some((one) => one[2]) && html`<p class="muted small">${t("of_shown")}</p>`}`;
}

export function Dates({ state, done }) {
  const [since, setSince] = useState(state.since ?? "");
  const [until, setUntil] = useState(state.until ?? "");
  const submit = (event) => {
    event.preventDefault();
    change({ since: since || null, until: until || null, utc: null, n: null, cursor: null });
    done?.();
  };
  return html`<form class="dates" onSubmit=${submit}>
    <label>${t("since")}<input type="date" value=${since} max=${until || null} onInput=${(event) => setSince(event.target.value)} /></label>
    <label>${t("until")}<input type="date" value=${until} min=${since || null} onInput=${(event) => setUntil(event.target.value)} /></label>
    <button class="button">${t("apply")}</button>
  </form>`;
}
