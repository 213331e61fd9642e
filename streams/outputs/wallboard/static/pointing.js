// Values where one points at a chart that the server drew, by mouse, finger and keyboard: the
// slider below it goes from point to point with the arrow keys, and says each.

import { by, drawn, made, say } from "./dom.js";

export function follow(figure, read, { signal } = {}) {
  const bar = made("input", { type: "range", min: 0, "aria-label": "Period shown" });
  let svg = null;
  let spots = [];
  let cursor = null;
  let ring = null;

  const words = (spot) => by("title", spot)?.textContent ?? "";

  // The picture that fits the window is the one that is pointed at.
  const choose = () => {
    const seen = [...figure.querySelectorAll("svg.chart")].find((each) => each.getClientRects().length);
    if (!seen || seen === svg) return;
    svg = seen;
    spots = [...svg.querySelectorAll(".spot")];
    cursor ??= drawn("line", { class: "cursor", visibility: "hidden" });
    ring ??= drawn("circle", { class: "cursor", r: 8, visibility: "hidden" });
    svg.append(cursor, ring);
    bar.max = Math.max(0, spots.length - 1);
    bar.hidden = spots.length < 2;
    if (!bar.dataset.moved) {
      bar.value = bar.max;
      if (spots.length) bar.setAttribute("aria-valuetext", words(spots.at(-1)));
    }
  };

  const show = (place) => {
    const spot = spots[place];
    if (!spot) return;
    const { x, y } = spot.dataset;
    const top = Number(spot.getAttribute("y"));
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: top, y2: top + Number(spot.getAttribute("height")), visibility: "visible" })) cursor.setAttribute(name, value);
    ring.setAttribute("visibility", y === undefined ? "hidden" : "visible");
    if (y !== undefined) { ring.setAttribute("cx", x); ring.setAttribute("cy", y); }
    say(read, words(spot));
    bar.value = place;
    bar.dataset.moved = "yes";
    bar.setAttribute("aria-valuetext", words(spot));
  };

  const hide = () => {
    for (const each of [cursor, ring]) each?.setAttribute("visibility", "hidden");
    delete bar.dataset.moved;
    say(read, "");
  };

  figure.insertBefore(bar, read.parentNode === figure ? read : null);
  choose();
  for (const event of ["input", "focus"]) bar.addEventListener(event, () => show(Number(bar.value)));
  figure.addEventListener("pointermove", (event) => {
    const place = spots.indexOf(event.target.closest?.(".spot"));
    if (place >= 0) show(place);
  });
  addEventListener("resize", choose, { signal });

  return {
    // The place that is pointed at; null while none is.
    get place() { return bar.dataset.moved ? Number(bar.value) : null; },
    at: (event) => spots.indexOf(event.target.closest?.(".spot")),
    spot: (place) => spots[place],
    // Another picture stands in the figure: the cursor goes to a place of it, or away.
    renew(place) {
      choose();
      if (place == null || !spots[place]) hide();
      else show(place);
    },
  };
}
