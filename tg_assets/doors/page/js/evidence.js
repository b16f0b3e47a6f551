// Where an answer comes from: the message as it was received, and which run, model and version made what is known of
// it. What does not belong here: the message as people read it.
import { useAsk } from "./api.js";
import { moment, t } from "./language.js";
import { Outside, Time } from "./parts.js";
import { Failed, Loading } from "./states.js";
import { html, useState } from "./ui.js";
import { crossed, visible } from "./text.js";
import { WORDS } from "./words.js";

const SHORT = 8;
const worded = (name, otherwise) => (WORDS[name] ? t(name) : otherwise);

export function Evidence({ id }) {
  const { data, fault, again } = useAsk(`lineage/${id}`);
  if (fault) return html`<${Failed} fault=${fault} again=${again} />`;
  if (!data) return html`<${Loading} rows=${3} />`;
  const results = data.enrichments;
  return html`<div class="evidence">
    <h3>${t("derived")}</h3><p class="muted small">${t("derived_why")}</p>
    ${data.lineage.length === 0 ? html`<p>${t("not_derived")}</p>`
      : html`<ol class="steps">${data.lineage.map((made) => html`<${Step} key=${made.stage} made=${made} data=${data} />`)}</ol>`}
    <h3>${t("received")}</h3><p class="muted small">${t("received_why")}</p>
    <ol class="versions">${data.versions.map((version, place) => html`<${Version} key=${version.raw_hash + place} version=${version} />`)}</ol>
    ${results.length > 0 && html`<h3>${t("results")}</h3><ul class="versions">
      ${results.map((one) => html`<li key=${one.kind}><p><b>${one.kind}</b> <span class="muted">${visible(one.provider)} ·
        ${" "}${worded(`status_${one.status}`, one.status)} · ${moment(one.updated_at)}</span></p>
        ${one.error && html`<p class="muted small">${visible(one.error)}</p>`}<${Raw} value=${one.data} /></li>`)}</ul>`}
  </div>`;
}

function Step({ made, data }) {
  const model = [made.provider, made.model].filter(Boolean).map(visible).join(" / ");
  return html`<li class=${`step ${made.status}`}><header>
      <b>${worded(`stage_${made.stage}`, made.stage)}</b>
      <span class=${`status ${made.status}`}>${worded(`status_${made.status}`, made.status)}</span></header>
    <p class="muted small"><${Outside} href=${data.assets[made.stage]}><code>${made.stage}</code><//> ${visible(made.version)}
      ${model && ` · ${model}`} · <${Time} at=${made.made_at} />
      ${made.run_id && html` · ${t("run")} <${Outside} href=${data.runs[made.run_id]}><code>${made.run_id.slice(0, SHORT)}</code><//>`}</p>
    ${made.reason && html`<p class="small">${visible(made.reason)}</p>`}
  </li>`;
}

function Version({ version }) {
  return html`<li><p><b>${version.superseded_at ? t("version_then", moment(version.superseded_at)) : t("version_now")}</b>
      <span class="muted"> ${worded(`format_${version.format}`, version.format)} · ${t("hash")} <code>${version.raw_hash.slice(0, SHORT)}</code></span></p>
    <p class="text" dir="auto">${version.text ? crossed(version, null, { links: false }) : t("no_words")}</p><${Raw} value=${version.raw} /></li>`;
}

const plain = (_, value) => (typeof value === "bigint" ? JSON.rawJSON(String(value)) : value);

function Raw({ value }) {
  const [open, opens] = useState(false);
  return html`<details class="raw" onToggle=${(event) => opens(event.target.open)}><summary>${t("show_raw")}</summary>
    ${open && html`<pre tabindex="0" dir="ltr">${visible(JSON.stringify(value, plain, 2))}</pre>`}</details>`;
}
