// Questions to the service, and what it says in place of an answer. What does not belong here: what is shown of either.
import { useEffect, useRef, useState } from "./ui.js";

const KEPT_MS = 60_000;
const MOST_KEPT = 80;
const kept = new Map();
const refused = new Set();

// Why there is no answer: `code` as the API has it, or `unreachable`.
export class Fault extends Error {
  constructor(status, code, message, wait) {
    super(message);
    Object.assign(this, { status, code, wait });
  }
}

// Told when the service takes the token no more.
export const whenRefused = (listener) => {
  refused.add(listener);
  return () => refused.delete(listener);
};

export function url(path, values = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  const said = query.toString();
  return `/api/v1/${path}${said ? `?${said}` : ""}`;
}

// Ids at Telegram have 64 bits, of which JavaScript's numbers would round some: those are read as they are written, by
// browsers that tell how that is.
const LONG = /\d{16}/;
const exact = (_, value, told) =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(told?.source ?? "") ? BigInt(told.source) : value;

async function parsed(answer) {
  const said = await answer.text();
  return JSON.parse(said, LONG.test(said) ? exact : undefined);
}

async function request(address, options) {
  let answer;
  try {
    answer = await fetch(address, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Fault(0, "unreachable", "");
  }
  if (answer.ok) return answer.status === 204 ? null : parsed(answer);
  const told = await answer.json().catch(() => ({}));
  const fault = new Fault(
    answer.status, told.error?.code ?? "fault", told.error?.message ?? "", Number(answer.headers.get("retry-after")) || 0,
  );
  if (fault.status === 401 && address !== "/api/v1/session") refused.forEach((one) => one());
  throw fault;
}

export async function ask(path, values, signal) {
  const address = url(path, values);
  const known = kept.get(address);
  if (known && Date.now() - known.at < KEPT_MS) return known.data;
  const data = await request(address, { signal });
  kept.delete(address);
  kept.set(address, { data, at: Date.now() });
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  return data;
}

export const forget = () => kept.clear();

export function tell(path, body, method = "POST") {
  return request(url(path), { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

// An answer as it comes: {data, fault, loading, again}. While the next one is waited for, `data` is the one before.
// Without a path nothing is asked.
export function useAsk(path, values) {
  const address = path === null ? null : url(path, values);
  const [state, set] = useState({ data: null, fault: null, loading: true, of: null });
  const [turn, again] = useState(0);
  const asked = useRef();
  asked.current = [path, values];
  useEffect(() => {
    if (address === null) {
      set({ data: null, fault: null, loading: false, of: null });
      return undefined;
    }
    const stop = new AbortController();
    set((before) => ({ ...before, loading: true }));
    ask(...asked.current, stop.signal).then(
      (data) => set({ data, fault: null, loading: false, of: address }),
      (fault) => fault.name !== "AbortError" && set({ data: null, fault, loading: false, of: address }),
    );
    return () => stop.abort();
  }, [address, turn]);
  return { ...state, fresh: state.of === address, again: () => (kept.delete(address), again(turn + 1)) };
}

export const picture = (sha256, size) => url(`pictures/${sha256}`, { size });
export const voice = (sha256) => url(`voices/${sha256}`);
