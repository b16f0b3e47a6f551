// A small set of icons of our own, 16 by 16, drawn with the text's colour. They say nothing to whoever listens: what
// carries one has words.
import { html } from "./ui.js";

const PATHS = {
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14",
  close: "M4 4l8 8M12 4l-8 8",
  back: "M9.5 3.5 5 8l4.5 4.5",
  down: "M4 6l4 4 4-4",
  plane: "M14 2.5 2 7.2l4 1.6M14 2.5 11.5 13 6 8.8M14 2.5 6 8.8v4l2-2.5",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M3 13l1.1-1.1M11.9 4.1 13 3",
  moon: "M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z",
  auto: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12",
  yes: "M3 8.5 6.5 12 13 4.5",
  no: "M4 4l8 8M12 4l-8 8",
  like: "M2.5 5.5h6v6h-6zM7.5 4.5v-2h6v6h-2",
  graph: "M4 12.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM12 6a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM12 14a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM5.3 10.1l5.4-4.6M5.5 11.3l5 1",
  machine: "M3.5 5.5h9v7h-9zM8 5.5v-3M6 8.5v1M10 8.5v1",
  voice: "M8 10a2 2 0 0 0 2-2V4a2 2 0 0 0-4 0v4a2 2 0 0 0 2 2zM4 8a4 4 0 0 0 8 0M8 12v2",
  album: "M5 2.5h8.5V11M2.5 5h8.5v8.5H2.5z",
  chat: "M2.5 3h11v8h-6l-3 2.5V11h-2z",
  thread: "M3 3v6.5a2 2 0 0 0 2 2h8M10.5 9l2.5 2.5-2.5 2.5M6 4h7M6 7.5h5",
  evidence: "M4 1.5h5.5L13 5v9.5H4zM9.5 1.5V5H13M6 8h5M6 11h3",
  feeds: "M2.5 4h11M2.5 8h11M2.5 12h7",
  question: "M6 6a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M8 11.8v.1M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z",
  keys: "M1.5 4h13v8h-13zM4 6.7h.1M6.7 6.7h.1M9.3 6.7h.1M12 6.7h.1M5 9.5h6",
  out: "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
  outside: "M6 3.5H3v9.5h9.5v-3M9 2.5h4.5V7M13.5 2.5 7.5 8.5",
  file: "M4 1.5h5.5L13 5v9.5H4zM9.5 1.5V5H13",
  reply: "M6 3.5 2 7.5l4 4M2 7.5h7a4.5 4.5 0 0 1 4.5 4.5",
  forward: "M10 3.5l4 4-4 4M14 7.5H7A4.5 4.5 0 0 0 2.5 12",
  key: "M10.2 9.3a3.6 3.6 0 1 0-3.5-2.7L2 11.3V14h2.7l.8-.8v-1.7h1.7l1.3-1.3a3.6 3.6 0 0 0 1.7-.9zM11 5.2v.1",
  again: "M13 8.2a5 5 0 1 1-1.5-3.7M13 2v3h-3",
  bell: "M4 11V7a4 4 0 0 1 8 0v4l1 1.5H3zM6.7 14.2h2.6",
  warn: "M8 2 1.5 13.5h13zM8 6.5v3.2M8 11.6v.1",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}
