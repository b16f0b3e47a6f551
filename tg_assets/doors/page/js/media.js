// Files of messages: thumbnails, a picture in full, a player, and what is not here. What does not belong here: text.
import { picture, voice } from "./api.js";
import { Icon } from "./icons.js";
import { bytes, lasting, t } from "./language.js";
import { change } from "./route.js";
import { html, useEffect, useRef, useState } from "./ui.js";
import { visible } from "./text.js";

const PICTURES = new Set(["photo", "sticker", "image"]);
const FEW = 4;
export const SHA256 = /^[0-9a-f]{64}$/;
// Room for a single picture, in pixels: among others, and by itself.
const SMALL = [360, 220], LARGE = [560, 460];
const SHAPE = 4 / 3;

// The room that a picture takes before it is here; of one whose size nobody told, that of most.
function room(file, [wide, high]) {
  if (!file.width || !file.height) return { width: Math.round(high * SHAPE), height: high };
  const scale = Math.min(1, wide / file.width, high / file.height);
  return { width: Math.round(file.width * scale), height: Math.round(file.height * scale) };
}

export const isPicture = (file) =>
  Boolean(file.sha256) && (PICTURES.has(file.kind) || Boolean(file.mime?.startsWith("image/")));
const isSound = (file) => Boolean(file.sha256 && file.plays);

function Thumb({ file, label, size, more, all, alone }) {
  const [broken, breaks] = useState(false);
  const [waits, wait] = useState(true);
  if (broken) return html`<span class="thumb away" title=${t("picture_away")}><${Icon} name="file" /></span>`;
  const enlarge = (event) => {
    event.stopPropagation();
    change({ pic: file.sha256, of: all.length > 1 ? all.map((one) => one.sha256).join("-") : null });
  };
  return html`<button type="button" class=${waits ? "thumb waits" : "thumb"} aria-label=${t("enlarge", label)} onClick=${enlarge}>
    <img src=${picture(file.sha256, size)} alt="" ...${alone && room(file, alone)} loading="lazy" decoding="async"
      onLoad=${() => wait(false)} onError=${() => breaks(true)} />
    ${more > 0 && html`<span class="more">+${more}</span>`}
  </button>`;
}

// Pictures, sounds and other files. `small` shows four pictures at most.
export function Files({ files, small = false, label = "" }) {
  const primary = files.filter((file) => file.role !== "thumbnail");
  const pictures = primary.filter(isPicture);
  const shown = small ? pictures.slice(0, FEW) : pictures;
  const size = pictures.length === 1 ? (small ? 360 : 720) : 320;
  const named = (place) =>
    visible(label).slice(0, 80) || (pictures.length > 1 ? t("picture_of", place + 1, pictures.length) : t("picture"));
  const others = primary.filter((file) => !isPicture(file));
  return html`${pictures.length > 0 && html`<div class=${`thumbs n${Math.min(shown.length, 4)}${small ? " small" : ""}`}>
      ${shown.map((file, place) => html`<${Thumb} key=${file.sha256} file=${file} label=${named(place)} size=${size}
        alone=${pictures.length === 1 && (small ? SMALL : LARGE)} all=${pictures} more=${place === shown.length - 1 ? pictures.length - shown.length : 0} />`)}
    </div>`}
    ${others.map((file, place) => (isSound(file)
      ? html`<${Player} key=${place} file=${file} />`
      : html`<${Other} key=${place} file=${file} />`))}`;
}

function Player({ file }) {
  return html`<figure class="player"><figcaption><${Icon} name="voice" />${t(`file_${file.kind}`)}
    ${file.duration ? html` <span class="muted">${lasting(file.duration)}</span>` : null}</figcaption>
    <audio controls preload="none" src=${voice(file.sha256)} aria-label=${t(`file_${file.kind}`)}></audio></figure>`;
}

function Other({ file }) {
  const about = [file.duration && lasting(file.duration), file.size_bytes && bytes(file.size_bytes)].filter(Boolean);
  return html`<p class="file"><${Icon} name="file" /><span>${t(`file_${file.kind}`)}
    ${file.file_name && html` <bdi class="name">${visible(file.file_name)}</bdi>`}
    <span class="muted">${about.length > 0 && ` ${about.join(", ")}`}${!file.sha256 && ` · ${t("not_here")}`}</span></span></p>`;
}

// The picture of the address' `pic`, in full, over everything.
export function Lightbox({ sha256, among }) {
  const dialog = useRef();
  const [broken, breaks] = useState(false);
  const [here, comes] = useState(null);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  useEffect(() => breaks(false), [sha256]);
  const close = () => change({ pic: null, of: null });
  // All of an album, of which not all may be drawn below.
  const all = (among ?? "").split("-").filter((one) => SHA256.test(one));
  const place = all.indexOf(sha256);
  const step = (by) => place >= 0 && all[place + by] && change({ pic: all[place + by] }, { replace: true });
  const keys = (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  };
  return html`<dialog ref=${dialog} class="lightbox" aria-label=${t("picture")} onClose=${close} onKeyDown=${keys}
      onClick=${(event) => event.target === dialog.current && dialog.current.close()}>
    ${broken ? html`<p>${t("picture_away")}</p>`
      : html`<img class=${here === sha256 ? "" : "waits"} src=${picture(sha256, 1600)} onLoad=${() => comes(sha256)}
          alt=${place >= 0 ? t("picture_of", place + 1, all.length) : t("picture")}
          onError=${() => breaks(true)} />`}
    <button type="button" class="icon-button close" aria-label=${t("close")} onClick=${() => dialog.current.close()}>
      <${Icon} name="close" /></button>
    ${place > 0 && html`<button type="button" class="icon-button previous" aria-label=${t("previous")} onClick=${() => step(-1)}>
      <${Icon} name="back" /></button>`}
    ${place >= 0 && place < all.length - 1 && html`<button type="button" class="icon-button next" aria-label=${t("next")}
      onClick=${() => step(1)}><${Icon} name="back" /></button>`}
  </dialog>`;
}
