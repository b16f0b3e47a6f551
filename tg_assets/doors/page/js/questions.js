// Questions that have a name, as forms, and their answers as tables. What does not belong here: what they ask.
import { useAsk } from "./api.js";
import { amount, count, language, moment, t } from "./language.js";
import { change, openAs, read, to } from "./route.js";
import { TellMe } from "./saved.js";
import { Failed, Loading, Notice, Said } from "./states.js";
import { html, useEffect, useState } from "./ui.js";
import { crossed, telegram, unmarked, visible } from "./text.js";
import { NAMES } from "./words.js";

const PREFIX = "p.";
// Columns that say in ids what others say in words.
const UNSEEN = new Set(["post_id", "link", "who_id", "whom_id", "source_id", "peer_id", "chat_id"]);
const NEED_ENTITIES = new Set(["entities", "mentions", "related-entities"]);
const named = (name) => NAMES[name]?.[language() === "ru" ? 1 : 0] ?? name.replaceAll("_", " ");
const asked = (question) => (language() === "ru" ? question.russian : question.english);

export function Questions({ state, feeds }) {
  const { data, fault, again } = useAsk("questions");
  if (fault) return html`<${Failed} fault=${fault} again=${again} />`;
  if (!data) return html`<${Loading} />`;
  const question = data.find((one) => one.name === state.name);
  if (!question) {
    return html`<section class="questions"><header class="head"><div><h1>${t("questions")}</h1><p class="muted">${t("questions_why")}</p></div></header>
      <ul>${data.map((one) => html`<li key=${one.name}><a ...${to({ view: "ask", name: one.name })}>${asked(one)}
        <code class="muted">${one.name}</code></a></li>`)}</ul></section>`;
  }
  return html`<section class="questions"><p><a ...${to({ view: "ask" })}>${t("all_questions")}</a></p>
    <header class="head"><div><h1>${asked(question)}</h1></div></header>
    <${Form} key=${question.name} question=${question} state=${state} feeds=${feeds} />
    <${Answer} question=${question} state=${state} feeds=${feeds} /></section>`;
}

function Form({ question, state, feeds }) {
  const fields = [
    ...question.parameters,
    ...(question.is_dated ? ["since", "until"].map((name) => ({ name, kind: "date", help: "", is_required: false })) : []),
    { name: "limit", kind: "count", help: "", is_required: false, default: 20 },
  ];
  const told = Object.fromEntries(fields.map((one) => [one.name, state[PREFIX + one.name] ?? ""]));
  const [given, give] = useState(told);
  useEffect(() => give(told), [JSON.stringify(told)]); // somebody went back to what was asked before
  const submit = (event) => {
    event.preventDefault();
    const values = Object.fromEntries(fields.map((one) => [PREFIX + one.name, String(given[one.name] ?? "").trim() || null]));
    change({ ...values, ...openAs(null), go: "1" });
  };
  const type = { date: "date", count: "number", number: "number" };
  return html`<form class="form" onSubmit=${submit}>
    ${fields.map((one) => html`<div class="field" key=${one.name}>
      <label for=${`p-${one.name}`}>${one.name === "limit" ? t("limit") : named(one.name)}
        ${!one.is_required && one.kind !== "count" && html` <span class="muted">${t("optional")}</span>`}</label>
      <input id=${`p-${one.name}`} type=${type[one.kind] ?? "text"} value=${given[one.name]} required=${one.is_required}
        min=${one.kind === "count" ? 1 : null} max=${one.kind === "count" ? 1000 : null} maxlength="300" dir="auto"
        placeholder=${one.example ? t("example", one.example) : (one.default ?? "")} autocomplete="off"
        list=${one.kind === "chat" ? "chats" : null}
        onInput=${(event) => give({ ...given, [one.name]: event.target.value })} />
      ${one.help && language() === "en" && html`<p class="muted small">${one.help}</p>`}
    </div>`)}
    <datalist id="chats">${feeds.all.map((one) => html`<option key=${one.feed} value=${one.feed}>${visible(feeds.title(one.feed))}</option>`)}</datalist>
    <button class="button primary">${t("ask")}</button>
  </form>`;
}

function Answer({ question, state, feeds }) {
  const isReady = question.parameters.every((one) => !one.is_required || state[PREFIX + one.name]);
  const isAsked = isReady && (state.go || question.parameters.every((one) => !one.is_required));
  const values = Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith(PREFIX)).map(([name, value]) => [name.slice(PREFIX.length), value]));
  const { data, fault, loading, again } = useAsk(isAsked ? `questions/${question.name}` : null, values);
  if (!isAsked) return null;
  if (fault) return html`<${Failed} fault=${fault} again=${again} />`;
  if (!data) return html`<${Loading} />`;
  const tellMe = html`<${TellMe} key=${JSON.stringify(values)} what=${{ question: { question: question.name, parameters: values } }} />`;
  if (!data.rows.length) return html`<${Notice} quiet icon="question" title=${t("no_rows")}>${NEED_ENTITIES.has(question.name) && html`<${Said} text=${t("need_entities")} />`}<//>${tellMe}`;
  const columns = data.columns.filter((name) => !UNSEEN.has(name) || (name === "peer_id" && !data.columns.includes("chat")));
  return html`<div class=${loading ? "answer stale" : "answer"}><p class="muted small" role="status">${count("rows", data.rows.length)}</p>${tellMe}
    <div class="table" tabindex="0" role="region" aria-label=${asked(question)}><table>
      <thead><tr>${columns.map((name) => html`<th key=${name} scope="col">${named(name)}</th>`)}</tr></thead>
      <tbody>${data.rows.map((row, place) => html`<tr key=${place}>${columns.map((name) => html`<td key=${name}
        class=${typeof row[name] === "number" ? "number" : name === "text" ? "said" : null} data-name=${named(name)}><${Cell} name=${name} row=${row} feeds=${feeds} /></td>`)}</tr>`)}</tbody>
    </table></div></div>`;
}

function Cell({ name, row, feeds }) {
  const value = row[name];
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "number") return amount(value);
  if (typeof value === "boolean") return t(String(value));
  if (Array.isArray(value)) return visible(value.join(", "));
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return html`<time datetime=${value}>${moment(value)}</time>`;
  if (name === "text" && row.post_id) return html`<a dir="auto" ...${to({ ...read(), ...openAs(row.post_id) })}>${crossed(unmarked(value), null, { links: false })}</a>`;
  if (name === "page" && /^https?:\/\//.test(value)) return html`<a href=${value} target="_blank" rel="noopener noreferrer nofollow">${visible(value)}</a>`;
  if (name === "album" && /^[0-9a-f-]{36}$/.test(value)) return html`<a ...${to({ ...read(), ...openAs(value, true) })}>${t("open")}</a>`;
  if (name === "feed") return html`<bdi>${visible(feeds.title(value))}</bdi>`;
  if (name === "sha256") return html`<code>${value.slice(0, 8)}</code>`;
  if (telegram(value)) return html`<a href=${value} target="_blank" rel="noopener noreferrer">${t("in_telegram")}</a>`;
  return html`<bdi>${visible(value)}</bdi>`;
}
