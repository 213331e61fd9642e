// What the pages one step down share.

import { answered, by, made, say } from "./dom.js";
import { applied } from "./settings.js";
import { mode } from "./words.js";

export const asked = new URLSearchParams(location.search);

export async function fetched(path, query = {}) {
  const answer = await answered(`${path}?${new URLSearchParams(query)}`);
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
