// The interface in the reader's language, and dates as that language writes them, in the reader's zone. What does not
// belong here: the words (`words.js`).
import { WORDS } from "./words.js";

export const LANGUAGES = { en: "English", ru: "Русский" };
const root = document.documentElement;

export const language = () => (root.lang === "ru" ? "ru" : "en");

export function speak(chosen) {
  root.lang = chosen;
  try {
    localStorage.setItem("language", chosen);
  } catch {
    // This browser keeps nothing: it is chosen until the page is left.
  }
}

// The words of a name; `{0}` and so on stand for what else is given.
export function t(name, ...given) {
  const said = WORDS[name]?.[language() === "ru" ? 1 : 0] ?? name;
  return said.replace(/\{(\d)\}/g, (_, place) => given[place] ?? "");
}

// A number with its noun: the words of a name are forms with `|` between them, one and other, or one, few and many.
export function count(name, number) {
  const forms = t(name).split("|");
  const rule = new Intl.PluralRules(language()).select(number);
  const place = language() === "ru" ? { one: 0, few: 1, many: 2, other: 1 }[rule] : rule === "one" ? 0 : 1;
  return (forms[place] ?? forms.at(-1)).replace("#", amount(number));
}

export const amount = (number) => new Intl.NumberFormat(language()).format(number);

const formats = new Map();
function format(options) {
  const key = language() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language() === "ru" ? "ru" : "en-GB", options));
  return formats.get(key);
}

const DAY = { day: "numeric", month: "short", year: "numeric" };
// In Russian the year's «г.» says nothing; that of «авг.» is the month's.
const dated = (text) => text.replace(/\s?г\.$/, "");
export const day = (at) => dated(format(DAY).format(new Date(at)));
export const clock = (at) => format({ hour: "2-digit", minute: "2-digit" }).format(new Date(at));
export const moment = (at) => `${day(at)}, ${clock(at)}`;
export const whole = (at) =>
  format({ ...DAY, month: "long", weekday: "long", hour: "2-digit", minute: "2-digit", second: "2-digit",
           timeZoneName: "short" }).format(new Date(at));
// A day of UTC, such as a statistic's.
export const utcDay = (iso) => dated(format({ ...DAY, timeZone: "UTC" }).format(new Date(`${iso.slice(0, 10)}T00:00:00Z`)));
export const utcMonth = (iso) =>
  dated(format({ month: "short", year: "numeric", timeZone: "UTC" }).format(new Date(`${iso.slice(0, 7)}-01T00:00:00Z`)));

// The reader's zone as the API takes it; null of a browser that knows none.
export function zone() {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return timeZone === "Etc/Unknown" ? null : timeZone;
}

// A day of the reader's zone, as the API takes it; `after` days later.
export function midnight(iso, after = 0) {
  const [year, month, date] = iso.split("-").map(Number);
  const at = new Date(year, month - 1, date + after);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

// A day of UTC likewise.
export function utcMidnight(iso, after = 0) {
  const [year, month, date] = iso.split("-").map(Number);
  const at = new Date(Date.UTC(year, month - 1, date + after));
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

// The day of a time in the reader's zone, `after` days later.
export function local(at, after = 0) {
  const date = new Date(at);
  date.setDate(date.getDate() + after); // not hours: a day has 23 or 25 of them where clocks are set
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

export function bytes(size) {
  const units = t("units").split("|");
  let unit = 0;
  for (; size >= 1000 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${new Intl.NumberFormat(language(), { maximumFractionDigits: size < 10 && unit ? 1 : 0 }).format(size)} ${units[unit]}`;
}
export function lasting(seconds) {
  const all = Math.round(seconds);
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}`;
}
