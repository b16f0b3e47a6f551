// The state of the page is its address: what is looked at, by which filters, and what is open. What does not belong
// here: what a view shows.
import { useEffect, useState } from "./ui.js";

const SEVERAL = new Set(["feed", "tag"]);
const listeners = new Set();

// What the address says: {q: "…", feed: ["…"]}; absent names are absent.
export function read(search = location.search) {
  const found = {};
  for (const [name, value] of new URLSearchParams(search)) {
    if (SEVERAL.has(name)) (found[name] ??= []).push(value);
    else found[name] = value;
  }
  return found;
}

// The address of a state.
export function address(state) {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") made.append(name, one);
    }
  }
  const said = made.toString();
  return said ? `/?${said}` : "/";
}

// Go to a state; `replace` leaves no step to come back to.
export function go(state, { replace = false } = {}) {
  const to = address(state);
  if (to === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  for (const one of listeners) one();
}

// The same state but for these names; null removes one.
export function change(some, options) {
  go({ ...read(), ...some }, options);
}

addEventListener("popstate", () => listeners.forEach((one) => one()));

// The state, for a component that is drawn anew when it changes.
export function useRoute() {
  const [state, set] = useState(read);
  useEffect(() => {
    const listen = () => set(read());
    listeners.add(listen);
    listen();
    return () => listeners.delete(listen);
  }, []);
  return state;
}

// Attributes of a link that stays on this page: a new tab gets the whole state, a click changes it.
export function to(state, then) {
  return {
    href: address(state),
    onClick(event) {
      if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
        return;
      event.preventDefault();
      go(state);
      then?.();
    },
  };
}

// A state's part that has a message open, or the first one of an album by the album's id, or with null none.
export const openAs = (id, isAlbum = false) => ({ m: id, a: isAlbum ? "1" : null, tab: null, pic: null, of: null, before: null, after: null, thread: null });
