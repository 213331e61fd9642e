// What the pages one step down share.

import { announce, answered, by, made, say } from "./dom.js";
import { applied } from "./settings.js";
import { age, mode } from "./words.js";

export const asked = new URLSearchParams(location.search);

const EVERY = 5000; // ms from one renewal to the next
const PATIENCE = 10_000; // ms without a renewal after which a page is stale, and for an answer

// What nobody answers is given up, so that it is asked for again; but for the first of a page.
const soon = () => AbortSignal.timeout(PATIENCE);
let renewing = false;
let stale = false;

export async function fetched(path, query = {}) {
  const answer = await answered(`${path}?${new URLSearchParams(query)}`, renewing ? { signal: soon() } : {});
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

export function table(caption, heads, rows) {
  const cell = (tag, value, index, scope) => made(tag, { class: typeof value === "number" || index?.number ? "number" : null, scope }, String(value));
  return made("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    made("table", {}, made("caption", { class: "unseen" }, caption),
      made("thead", {}, made("tr", {}, ...heads.map((head) => cell("th", head, null, "col")))),
      made("tbody", {}, ...rows.map((row) => made("tr", {}, ...row.map((value) => cell("td", value)))))));
}

export function top(force, status) {
  applied();
  const query = new URLSearchParams(force ? { force } : {});
  if (asked.get("area")) query.set("area", asked.get("area"));
  by("#back").href = `/?${query}`;
  const told = status ? mode(status) : "";
  by("#mode").hidden = !told;
  say(by("#mode"), told);
}

export function shown(...parts) {
  by("#main").replaceChildren(...parts.filter(Boolean));
}

export function failed(error) {
  applied();
  shown(made("h1", {}, "This can't be shown"), made("p", { class: "lead" }, error.message), made("p", {}, made("a", { href: "/about" }, "Where to look")));
}

// Renews a page every few seconds, and says loudly when that fails, as the wallboard does. `again`
// gives the instant of what it has shown, by default the board's; `clock` is that of the force.
export function renewed(again, clock, at) {
  let heardAt = Date.parse(at);
  let heard = performance.now();
  let since = heard; // since when it is known whether renewals fail: none is asked for while nobody looks
  let lastAsked = heard;
  let asking = false;
  renewing = true;
  const be = (now) => {
    if (now === stale) return;
    stale = now;
    document.title = `${stale ? "STALE: " : ""}${document.title.replace(/^STALE: /, "")}`;
    announce(stale ? `Stale: no connection since ${clock.second(heardAt)}` : "The connection is back.");
  };
  const ask = async () => {
    if (asking) return;
    asking = true;
    lastAsked = performance.now();
    try {
      heardAt = Date.parse(await again());
      heard = since = performance.now();
    } catch { /* the bar says it */ }
    asking = false;
  };
  setInterval(() => {
    if (document.hidden) return;
    const now = performance.now();
    if (now - lastAsked >= EVERY) ask();
    be(now - since >= PATIENCE);
    by("#stale").hidden = !stale;
    if (stale) say(by("#stale"), `Stale for ${age((now - heard) / 1000)}: no connection since ${clock.second(heardAt)}`);
  }, 500);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    since = performance.now();
    ask();
  });
}

// Sends what a person does: whether it was done, and what came of it. Throws an error that says in
// words why it is not known to be done.
export async function posted(path, body) {
  if (stale || !navigator.onLine) throw new Error("This was not sent: there is no connection to Watchroom. Try again when it is back.");
  // Once it is sent, an answer that is lost on its way, or a proxy's own, does not say what was done.
  try {
    const answer = await answered(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal: soon() });
    return { ok: answer.ok, content: await answer.json() };
  } catch {
    throw new Error("Watchroom does not answer: this may not be done. See what stands here when it answers again.");
  }
}
