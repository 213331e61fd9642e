// What a script adds to a chart that the server drew: values where one points, and by the keyboard.
// The words of each point stand in the picture; where there is no script, browsers show them alone.

import { by, made, say } from "./dom.js";
import { follow } from "./pointing.js";
import { applied } from "./settings.js";
import { clocks } from "./words.js";

const EVERY = 60_000;  // ms from one asking to the next

// What goes up to now is asked for again each minute, but not while somebody has a field or the
// slider in hand. Where no answer comes, the page says since when its figures stand.
function refresh() {
  const asked = new URLSearchParams(location.search);
  if (asked.get("to") || asked.get("at")) return;
  const clock = clocks(document.documentElement.dataset.timezone || undefined); // of the force, wherever the screen is
  let latest = Date.now();
  const stale = made("p", { class: "mode", role: "status", hidden: true });
  by(".strip").append(stale);
  setInterval(async () => {
    const main = by("#main");
    if (document.hidden || main.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (main.contains(document.activeElement)) return;
      const fresh = document.adoptNode(by("#main", page));
      main.replaceWith(fresh);
      ready();
      latest = Date.now();
      stale.hidden = true;
    } catch {
      say(stale, `No answer: figures of ${clock.minute(latest)}`);
      stale.hidden = false;
    }
  }, EVERY);
}

let shown = new AbortController();

// Gives the page that is shown what a script adds to it.
function ready() {
  shown.abort();
  shown = new AbortController();
  const figure = by(".drawing");
  tidy();
  if (figure) follow(figure, by("#read"), shown);
}

// An address without what was left empty is one to pass on.
function tidy() {
  for (const form of document.forms) {
    form.addEventListener("submit", () => {
      for (const field of form.elements) field.disabled = field.name && !field.value;
    });
  }
}

if (!document.documentElement.dataset.theme) applied();
ready();
refresh();
