// What a script adds to a chart that the server drew: values where one points, and by the keyboard.
// The words of each point stand in the picture; where there is no script, browsers show them alone.

import { by, drawn, made, say } from "./dom.js";
import { applied } from "./settings.js";

const EVERY = 60_000;  // ms from one asking to the next

function follow(figure, { signal }) {
  const read = by("#read");
  const bar = made("input", { type: "range", min: 0, "aria-label": "Period shown" });
  let svg = null;
  let spots = [];
  let cursor = null;
  let ring = null;

  // The picture that fits the window is the one that is pointed at.
  const choose = () => {
    const seen = [...figure.querySelectorAll("svg")].find((each) => each.getClientRects().length);
    if (!seen || seen === svg) return;
    svg = seen;
    spots = [...svg.querySelectorAll(".spot")];
    if (!cursor) {
      cursor = drawn("line", { class: "cursor", visibility: "hidden" });
      ring = drawn("circle", { class: "cursor", r: 8, visibility: "hidden" });
    }
    svg.append(cursor, ring);
    bar.max = spots.length - 1;
    bar.hidden = spots.length < 2;
    if (!bar.dataset.moved) bar.value = bar.max;
  };

  const show = (place) => {
    const spot = spots[place];
    if (!spot) return;
    const words = by("title", spot)?.textContent ?? spot.dataset.words;
    const { x, y } = spot.dataset;
    const top = Number(spot.getAttribute("y"));
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: top, y2: top + Number(spot.getAttribute("height")), visibility: "visible" })) cursor.setAttribute(name, value);
    ring.setAttribute("visibility", y === undefined ? "hidden" : "visible");
    if (y !== undefined) { ring.setAttribute("cx", x); ring.setAttribute("cy", y); }
    say(read, words);
    bar.value = place;
    bar.dataset.moved = "yes";
    bar.setAttribute("aria-valuetext", words);
  };

  figure.insertBefore(bar, read);
  choose();
  if (!spots.length) return bar.remove();
  bar.setAttribute("aria-valuetext", by("title", spots.at(-1)).textContent);
  bar.addEventListener("input", () => show(Number(bar.value)));
  figure.addEventListener("pointermove", (event) => {
    const place = spots.indexOf(event.target.closest?.(".spot"));
    if (place >= 0) show(place);
  });
  addEventListener("resize", choose, { signal });
}

// What goes up to now is asked for again each minute, but not while somebody has a field or the
// slider in hand. Where no answer comes, the page says since when its figures stand.
function refresh() {
  const asked = new URLSearchParams(location.search);
  if (asked.get("to") || asked.get("at")) return;
  let latest = new Date();
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
      latest = new Date();
      stale.hidden = true;
    } catch {
      say(stale, `No answer: figures of ${latest.toTimeString().slice(0, 5)}`);
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
  if (figure) follow(figure, shown);
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
